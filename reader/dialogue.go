// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"time"
)

// What one tap may cost. A tag that wants more is hostile or broken.
const (
	maxNDEF      = 1024 // bytes of NDEF message
	maxExchanges = 64   // commands to the tag
	maxTapTime   = 600 * time.Millisecond
	// One command: an NTAG answers within 39 ms (FWI 7), and a reader that hangs must
	// leave time for a second try.
	maxCommand = 250 * time.Millisecond
)

var (
	errTooMany = errors.New("the tag wants more than 64 exchanges")
	errTooLong = errors.New("the tap took longer than 600 ms")
	errTooBig  = errors.New("the NDEF message is larger than 1 KiB")
	errAnother = errors.New("another tag is in the field")
)

// A dialogue is all that is said to one tag in one tap, within its limits.
type dialogue struct {
	dev      Device
	target   Target
	left     int
	deadline time.Time
	missing  time.Time // since when the tag did not answer a Select that it would have heard
	selected bool      // the tag is, as far as is known
	other    []byte    // the UID of another tag that was found
	faults   int       // of the reader, in this tap
	file     int       // bytes of the last Type 4 file that was read by the short way; 0: none was
	proved   func(Tap) // told of the first URL, once; may be nil
}

func newDialogue(dev Device, t Target, entered time.Time) *dialogue {
	return &dialogue{dev: dev, target: t, left: maxExchanges, deadline: entered.Add(maxTapTime), selected: true}
}

func (x *dialogue) transceive(tx ...byte) ([]byte, error) {
	if x.left == 0 {
		return nil, errTooMany
	}
	x.left--
	left := time.Until(x.deadline)
	if left <= 0 {
		return nil, errTooLong
	}
	return x.dev.Transceive(tx, min(left, maxCommand))
}

// again selects the tag anew after it was lost, for as long as the tap may take
// and something may still be said to it.
func (x *dialogue) again() error {
	last := ErrTagLost
	for x.left > 0 && time.Until(x.deadline) > fieldOff+fieldOn {
		err := x.renew()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrNoTag), errors.Is(err, ErrTagLost):
			last = ErrTagLost
		case x.forgives(err):
			last = err
		default:
			return err
		}
		time.Sleep(faultPause)
	}
	if x.left == 0 {
		return errTooMany
	}
	return last
}

// renew makes a new activation of the tag, after the field was off: one that was
// left in the middle of something would not hear a Select (ISO/IEC 14443-4, 5).
func (x *dialogue) renew() error {
	x.selected = false
	if err := x.dev.Cycle(); err != nil {
		return err
	}
	t, err := x.dev.Select(1)
	if errors.Is(err, ErrNoTag) && x.missing.IsZero() {
		x.missing = time.Now()
	}
	if err != nil {
		return err
	}
	return x.found(t)
}

// found takes what a Select gave, which must be the tag.
func (x *dialogue) found(t Target) error {
	if x.is(t) {
		x.target, x.missing, x.selected = t, time.Time{}, true
		return nil
	}
	return x.both(t)
}

func (x *dialogue) is(t Target) bool {
	return sameTag(t.UID, x.target.UID) && t.ATQA == x.target.ATQA && t.SAK == x.target.SAK
}

// both tells whether the tag is there beside another one, which was found: errAnother, or
// that it has gone and left its place to that one: ErrNoTag.
func (x *dialogue) both(other Target) error {
	if err := x.dev.Deselect(); err != nil {
		return err
	}
	t, err := x.dev.Select(1)
	if err == nil && x.is(t) {
		x.other = other.UID
		return errAnother
	}
	if err := x.dev.Cycle(); err != nil {
		return err
	}
	return ErrNoTag
}

// alone tells whether no other tag is in the field: nil, or errAnother. The tag
// itself is put to HALT for that, so that whatever answers is another, or the tag
// that has come back.
func (x *dialogue) alone() error {
	if !x.selected {
		if err := x.renew(); err != nil {
			return unlessGone(err)
		}
	}
	if err := x.dev.Deselect(); err != nil {
		return err
	}
	x.selected = false
	t, err := x.dev.Select(1)
	if err != nil {
		return unlessGone(err)
	}
	if !x.is(t) {
		x.other = t.UID
		return errAnother
	}
	x.selected = true
	return nil
}

func unlessGone(err error) error {
	if errors.Is(err, ErrNoTag) {
		return nil
	}
	return err
}

// forgives tells whether a fault of the reader may be tried again: some clear
// within milliseconds, and an unplugged reader gives one for ever.
func (x *dialogue) forgives(err error) bool {
	if !faultOfReader(err) || errors.Is(err, errHung) || x.faults == maxFaults {
		return false
	}
	x.faults++
	return true
}

func faultOfReader(err error) bool {
	_, fault := reasonOf(err)
	return fault != nil && !errors.Is(err, ErrNoTag)
}
