// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/hex"
	"errors"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A Tap is one presentation of a tag: its URL, or the reason why there is none.
type Tap struct {
	UID     string // lower-case hex
	Chip    Chip
	URL     string // as on the tag, not checked in any way; empty if Reason is set
	Second  string // another, read later; empty if there was no time for it
	Reason  scan.Reason
	Entered time.Time // the tag was found in the field
	Read    time.Time // its URL was read, or given up
}

// A Liveness is how a tag shows that its proof is fresh.
type Liveness string

const (
	TwoTaps Liveness = "two-taps" // by being tapped again
	OneTap  Liveness = "one-tap"  // by a second proof in the same tap
)

// Read reads the selected tag's URL, and with OneTap a second one. A read that
// breaks off starts again at offset 0 of a tag selected anew, never in the middle,
// for as long as the tap may take; the error is the reader's own, and ends the tap.
// A tag that is not alone in the field is TwoTags, whatever could be read of it.
func Read(dev Device, t Target, entered time.Time, liveness Liveness) (Tap, error) {
	return newDialogue(dev, t, entered).read(entered, liveness)
}

func (x *dialogue) read(entered time.Time, liveness Liveness) (Tap, error) {
	tap := Tap{UID: hex.EncodeToString(x.target.UID), Chip: chipOf(x.target), Entered: entered}
	err := x.readTap(&tap, liveness, false)
	for errors.Is(err, ErrTagLost) || x.forgives(err) {
		if err = x.again(); err != nil {
			break
		}
		err = x.readTap(&tap, liveness, true)
	}
	tap.Read = time.Now()
	var fault error
	if tap.Reason, fault = reasonOf(err); tap.Reason != "" {
		tap.URL, tap.Second = "", ""
	}
	return tap, fault
}

// readTap makes one try of all that a tap needs.
func (x *dialogue) readTap(tap *Tap, liveness Liveness, slow bool) error {
	uri, err := x.readURI(&tap.Chip, slow)
	if reason, _ := reasonOf(err); reason == scan.ReasonTorn {
		return err
	}
	tap.URL, tap.Second = string(uri), ""
	if err == nil && x.proved != nil {
		tap.Read = time.Now()
		x.proved(*tap)
		x.proved = nil
	}
	if err == nil && liveness == OneTap {
		var other error
		if tap.Second, other = x.second(tap); other != nil {
			return other
		}
	}
	if other := x.alone(); other != nil {
		return other
	}
	return err
}

// readURI makes one whole read, the second and later ones slow.
func (x *dialogue) readURI(chip *Chip, slow bool) ([]byte, error) {
	var msg []byte
	var err error
	switch {
	case x.target.ISODEP():
		msg, err = readType4(x)
	case *chip == ChipOther:
		err = errUnsupported
	default:
		msg, err = readType2(x, chip, slow)
	}
	if err != nil {
		return nil, err
	}
	return firstURI(msg)
}

func reasonOf(err error) (reason scan.Reason, fault error) {
	switch {
	case err == nil:
		return "", nil
	case errors.Is(err, errNoNDEF):
		return scan.ReasonNoNDEF, nil
	case errors.Is(err, errNoURL):
		return scan.ReasonNoURL, nil
	case errors.Is(err, errUnsupported), errors.Is(err, errTooBig), errors.Is(err, errTooMany):
		return scan.ReasonUnsupported, nil
	case errors.Is(err, errAnother):
		return scan.ReasonTwoTags, nil
	case errors.Is(err, ErrTagLost), errors.Is(err, errTooLong):
		return scan.ReasonTorn, nil
	default:
		return scan.ReasonTorn, err
	}
}
