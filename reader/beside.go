// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"errors"
)

// So many tags beside the one that is wanted are looked at in turn.
const maxBeside = 4

// beside returns errAnother if the tag is still there beside another one, which answered in its
// place, and ErrNoTag if it has gone.
func (d *dialogue) beside(other Target) error {
	// In HALT the others are silent, and leave the next Select to the tag.
	last := other
	for range maxBeside {
		t, _, err := lookPast(d.dev, last)
		if err == nil && d.is(t) {
			d.other = &other
			return errAnother
		}
		if faultOfReader(err) {
			return err
		}
		if err != nil {
			break
		}
		last = t
	}

	if err := d.cycle(); err != nil {
		return err
	}
	return ErrNoTag
}

// alone returns errAnother if another tag is in the field. The tag itself is put to HALT for that, so that
// whatever answers is another, or the tag that has gone and come back. If nobody answers, it returns
// nil or ErrNoTag, which are both as good as alone.
func (d *dialogue) alone() error {
	if !d.selected {
		if err := d.renew(); err != nil {
			return err
		}
		// Since its URL was read it was lost, and another tag may have its place.
		if randomUID(d.target.UID) {
			return ErrTagLost
		}
	}

	d.selected = false
	t, woken, err := lookPast(d.dev, d.target)
	d.halted, d.woken = errors.Is(err, ErrNoTag), woken
	switch {
	case err != nil:
		return err
	case d.is(t):
		d.selected = true
		return nil
	case twins(t, d.target):
		return d.oneOfTwo()
	}
	d.other = &t
	return errAnother
}

// oneOfTwo returns errAnother if two tags with random UIDs are in the field, and ErrTagLost if there is one. That
// one is another than was read, or the same that has lost its power: nobody can tell, and it is read.
func (d *dialogue) oneOfTwo() error {
	if err := d.renew(); err != nil {
		return err
	}
	d.selected = false
	t, woken, err := lookPast(d.dev, d.target)
	if errors.Is(err, ErrNoTag) || woken && err == nil && bytes.Equal(t.UID, d.target.UID) {
		return ErrTagLost
	} else if err != nil {
		return err
	}
	d.other = &t
	return errAnother
}

// lookPast puts the selected tag t to HALT, and selects whoever answers then. With some readers the tag itself does,
// since their looks wake it (woken): then a tag in ISO-DEP is left there, where it does not hear a look either, and
// any other tag is all that can be found. ErrNoTag means that nobody else answered.
func lookPast(dev Device, t Target) (other Target, woken bool, err error) {
	if err := dev.Deselect(); err != nil {
		return Target{}, false, err
	}
	other, err = dev.Select(1)
	woken = err == nil && bytes.Equal(other.UID, t.UID)
	if woken && t.ISODEP() {
		other, err = dev.Select(1)
	}
	return other, woken, err
}
