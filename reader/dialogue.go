// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"encoding/hex"
	"errors"
	"time"

	"github.com/tagbase/tagbase-edge/internal/ndef"
	"github.com/tagbase/tagbase-edge/scan"
)

// What one tap may cost. A tag that wants more is hostile or broken.
const (
	maxNDEF      = 1024 // bytes of NDEF message
	maxExchanges = 64   // commands to the tag: a genuine one needs 3 or 4, one with 1 KiB needs 11
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

// A dialogue is everything that is said to one tag in one tap, within its limits. It is a
// row of tries, which all begin at offset 0 of a tag selected anew, since the chip's counter
// may have moved between two halves of a read:
//
//	for d.next() {
//		d.readURL() // d.tap has a first URL, which may still come to nothing
//		d.confirm() // the second proof; no other tag in the field
//	}
//	tap, fault := d.end()
type dialogue struct {
	dev      Device
	target   Target
	liveness Liveness
	tap      Tap // as far as it is known

	// What is left of the tap.
	exchanges int
	deadline  time.Time

	tries  int
	faults int   // of the reader, in this tap
	err    error // of the newest try

	// The tag, as far as it is known.
	selected bool
	halted   bool      // it was put to HALT, and nobody else answered after that
	woken    bool      // it was put to HALT, and answered all the same
	switched bool      // the field was off since it was last selected
	missing  time.Time // since when it did not answer a Select that it would have heard; zero if it did
	other    *Target   // another tag that was found beside it

	fileSize int // bytes of the last tag's Type 4 file; 0 if that is not known (see readNTAG424File)
}

func newDialogue(dev Device, t Target, entered time.Time, liveness Liveness) *dialogue {
	return &dialogue{
		dev:       dev,
		target:    t,
		liveness:  liveness,
		tap:       Tap{UID: hex.EncodeToString(t.UID), Chip: chipOf(t), Entered: entered},
		exchanges: maxExchanges,
		deadline:  entered.Add(maxTapTime),
		selected:  true,
	}
}

// Read reads the selected tag's URL, and with OneTap a second one. A read that
// breaks off starts again at offset 0, for as long as the tap may take. A tag that is not
// alone in the field gives TwoTags, whatever could be read of it. The error is the
// reader's own, and ends the tap.
func Read(dev Device, t Target, entered time.Time, liveness Liveness) (Tap, error) {
	d := newDialogue(dev, t, entered, liveness)
	for d.next() {
		d.readURL()
		d.confirm()
	}
	return d.end()
}

// next reports whether there is a try to make. Before a later one it selects the tag anew, and before the first
// one if another tag may be in HALT: after a Cycle that one is heard, too.
func (d *dialogue) next() bool {
	if d.tries > 0 && !errors.Is(d.err, ErrTagLost) && !d.forgives(d.err) {
		return false
	}
	if d.tries > 0 || !d.selected {
		if d.err = d.again(); d.err != nil {
			return false
		}
	}
	d.tries++
	return true
}

// readURL reads the tag's URL from the beginning, and reports whether it has one.
func (d *dialogue) readURL() bool {
	var uri []byte
	uri, d.err = d.readURI(&d.tap.Chip, d.tries > 1)
	d.tap.URL, d.tap.Second, d.tap.Read = string(uri), "", time.Now()
	return d.err == nil
}

// confirm does what a tap needs after its URL: a second proof with OneTap, and a look for
// another tag, which a tag without a URL gets, too. A tag that was lost has to be read again first.
func (d *dialogue) confirm() {
	if reason, _ := reasonOf(d.err); reason == scan.ReasonTorn {
		return
	}

	if d.err == nil && d.liveness == OneTap {
		if d.tap.Second, d.err = d.secondProof(); d.err != nil {
			return
		}
	}

	if err := d.alone(); err != nil && !errors.Is(err, ErrNoTag) {
		d.err = err
	}
}

// end returns what came of the tap.
func (d *dialogue) end() (tap Tap, fault error) {
	d.tap.Read = time.Now()
	d.tap.Reason, fault = reasonOf(d.err)
	if d.tap.Reason != "" {
		d.tap.URL, d.tap.Second = "", ""
	}
	return d.tap, fault
}

// readURI makes one whole read. It may learn more of the chip; a slow read uses only
// commands that every tag of its type knows.
func (d *dialogue) readURI(chip *Chip, slow bool) ([]byte, error) {
	var message []byte
	var err error
	switch {
	case d.target.ISODEP():
		message, err = readType4(d)
	case *chip == ChipOther:
		err = errUnsupported
	default:
		message, err = readType2(d, chip, slow)
	}
	if err != nil {
		return nil, err
	}

	return ndef.FirstURI(message)
}

// transceive says one thing to the tag, if there is something left of the tap.
func (d *dialogue) transceive(tx ...byte) ([]byte, error) {
	if d.exchanges == 0 {
		return nil, errTooMany
	}
	d.exchanges--

	left := time.Until(d.deadline)
	if left <= 0 {
		return nil, errTooLong
	}
	return d.dev.Transceive(tx, min(left, maxCommand))
}

// again selects the tag anew after it was lost, for as long as the tap may take
// and something may still be said to it.
func (d *dialogue) again() error {
	// A tag that comes back in time is still in the same tap. A Cycle alone takes 15 ms: with less
	// time left, no try is worth it.
	last := ErrTagLost
	for d.exchanges > 0 && time.Until(d.deadline) > fieldOff+fieldOn {
		err := d.renew()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrNoTag), errors.Is(err, ErrTagLost):
			last = ErrTagLost
		case d.forgives(err):
			last = err
		default:
			return err
		}
		time.Sleep(faultPause)
	}

	if d.exchanges == 0 {
		return errTooMany
	}
	return last
}

// renew makes a new activation of the tag, after the field was off: one that was
// left in the middle of something would not hear a Select (ISO/IEC 14443-4, 5).
func (d *dialogue) renew() error {
	if err := d.cycle(); err != nil {
		return err
	}

	t, err := d.dev.Select(1)
	if errors.Is(err, ErrNoTag) && d.missing.IsZero() {
		d.missing = time.Now()
	}
	if err != nil {
		return err
	}

	if !d.is(t) {
		return d.beside(t)
	}
	d.target, d.missing, d.selected, d.switched = t, time.Time{}, true, false
	return nil
}

// cycle switches the field, after which nobody is selected.
func (d *dialogue) cycle() error {
	d.selected, d.halted, d.switched = false, false, true
	return d.dev.Cycle()
}

// is reports whether t is the tag of this tap. One with a random UID has another after a Cycle; without
// one it is another tag, or has lost its power.
func (d *dialogue) is(t Target) bool {
	same := bytes.Equal(t.UID, d.target.UID) && t.ATQA == d.target.ATQA && t.SAK == d.target.SAK
	return same || d.switched && twins(t, d.target)
}

// forgives reports whether a fault of the reader may be tried again: some clear
// within milliseconds, and an unplugged reader gives them for ever.
func (d *dialogue) forgives(err error) bool {
	if !faultOfReader(err) || errors.Is(err, errHung) || d.faults == maxFaults {
		return false
	}
	d.faults++
	return true
}

func faultOfReader(err error) bool {
	_, fault := reasonOf(err)
	return fault != nil && !errors.Is(err, ErrNoTag)
}
