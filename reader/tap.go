// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/hex"
	"errors"
	"time"
)

// A Tap is one presentation of a tag: its URL, or the reason why there is none.
type Tap struct {
	UID     string // lower-case hex
	Chip    Chip
	URL     string // as on the tag, not checked in any way; empty if Reason is set
	Reason  Reason
	Entered time.Time // the tag was found in the field
	Read    time.Time // its URL was read, or given up
}

// A Reason says in one word why a tag gave no URL.
type Reason string

const (
	NoNDEF      Reason = "no_ndef"
	NoURL       Reason = "no_url"
	Torn        Reason = "torn"
	TwoTags     Reason = "two_tags"
	Unsupported Reason = "unsupported"
)

// Read reads the selected tag's URL. A read that breaks off starts again at
// offset 0 of a tag selected anew, never in the middle, for as long as the tap
// may take; the error is the reader's own, and ends the tap.
func Read(dev Device, t Target, entered time.Time) (Tap, error) {
	return newExchange(dev, t, entered).read(entered)
}

func (x *exchange) read(entered time.Time) (Tap, error) {
	tap := Tap{UID: hex.EncodeToString(x.target.UID), Chip: chipOf(x.target), Entered: entered}
	uri, err := x.readURI(&tap.Chip, false)
	for errors.Is(err, ErrTagLost) {
		if err = x.again(); err != nil {
			break
		}
		uri, err = x.readURI(&tap.Chip, true)
	}
	tap.Read = time.Now()
	reason, fault := reasonOf(err)
	tap.URL, tap.Reason = string(uri), reason
	return tap, fault
}

// readURI makes one whole read, the second and later ones slow.
func (x *exchange) readURI(chip *Chip, slow bool) ([]byte, error) {
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

func reasonOf(err error) (reason Reason, fault error) {
	switch {
	case err == nil:
		return "", nil
	case errors.Is(err, errNoNDEF):
		return NoNDEF, nil
	case errors.Is(err, errNoURL):
		return NoURL, nil
	case errors.Is(err, errUnsupported), errors.Is(err, errTooBig), errors.Is(err, errTooMany):
		return Unsupported, nil
	case errors.Is(err, ErrTagLost), errors.Is(err, errTooLong):
		return Torn, nil
	default:
		return Torn, err
	}
}
