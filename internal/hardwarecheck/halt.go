// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"errors"

	"github.com/tagbase/tagbase-edge/reader"
)

// What we assume of HALT, on which the station relies to see a second tag beside the first.
const (
	haltHolds = "A tag that was put to HALT does not answer the next lists."
	haltEnds  = "After the field was off it answers again."

	haltSecond = "When the one of two tags that answered is in HALT, the other one answers."
	haltBoth   = "When both are in HALT, nobody answers."
)

const haltLooks = 5

func findHalt(x *examination) error {
	if _, err := x.begin(); err != nil {
		return err
	}
	if err := x.deselect(); err != nil {
		return err
	}

	// One that comes back is put to HALT again, so that each look counts alone.
	back := 0
	for range haltLooks {
		_, err := x.look()
		switch {
		case errors.Is(err, reader.ErrNoTag):
		case err != nil:
			return err
		default:
			back++
			if err := x.deselect(); err != nil {
				return err
			}
		}
	}
	x.judge(haltHolds, back == 0, "it answered %d of %d lists", back, haltLooks)

	// It was there a moment ago: a tag that is gone now is an answer, and nothing for the person to mend.
	_, err := x.begin()
	var gone arrangementError
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	x.judge(haltEnds, err == nil, "%s", seenOf(err, "it does"))
	return nil
}

func findHaltOfTwo(x *examination) error {
	first, err := x.begin()
	if err != nil {
		return err
	}
	if err := x.deselect(); err != nil {
		return err
	}

	// If nobody answers, the other one may not be there at all.
	second, err := x.look()
	switch {
	case errors.Is(err, reader.ErrNoTag):
		return errOneAlone
	case err != nil:
		return err
	}
	seen := "the other one"
	if sameTarget(first, second) {
		seen = "the same one again"
	}
	x.judge(haltSecond, !sameTarget(first, second), "%s", seen)

	// With both in HALT the field is as good as empty.
	if err := x.deselect(); err != nil {
		return err
	}
	_, err = x.look()
	if err != nil && !errors.Is(err, reader.ErrNoTag) {
		return err
	}
	x.judge(haltBoth, err != nil, "%s", seenOf(err, "a tag answers"))
	return nil
}

// sameTarget compares what two tags show: in one powering a random UID stays, too.
func sameTarget(a, b reader.Target) bool {
	return bytes.Equal(a.UID, b.UID) && a.ATQA == b.ATQA && a.SAK == b.SAK
}
