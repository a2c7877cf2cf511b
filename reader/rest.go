// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A person who taps behind a tag that rests sees amber within this time, and the few milliseconds of a look. Each look
// costs the resting tag its power for a moment.
const besideEvery = 400 * time.Millisecond

// After so many looks in a row that woke the tag which was in HALT, the reader is said to wake tags.
const haltTries = 5

// afterTap stays with the tag that was read, if that is still possible.
func (w *watch) afterTap(ctx context.Context, d *dialogue) (pause time.Duration, err error) {
	if d.other != nil {
		w.presence.resting(*d.other) // this tap was its tap, too
		w.presence.beside(d.other.UID)
		w.presence.beside(d.target.UID)
		return w.untilNextLook(), w.cycle()
	}

	if d.halted && randomUID(d.target.UID) {
		w.presence.halt(d.target.UID)
		return w.untilNextLook(), nil
	}

	// A torn tag may be there and not answer. With a random UID it would count as gone, and be read again for ever.
	torn := d.tap.Reason == scan.ReasonTorn && randomUID(d.target.UID)
	if !d.selected && !torn && randomUID(d.target.UID) {
		w.presence.lost(d.target.UID) // it has gone, and what is found now may be another
		w.deaf = true
		return w.untilNextLook(), nil
	}
	if !d.selected || torn {
		if err := d.renew(); faultOfReader(err) {
			return 0, err
		} else if err != nil {
			w.deaf = true // the next look finds out who is there
			return w.untilNextLook(), nil
		}
		w.presence.rename(w.here, d.target)
		w.occupy(d.target.UID)
	}
	if torn {
		return w.untilNextLook(), w.hush(d.target)
	}

	return 0, w.stay(ctx, d.target, never)
}

// stay stays with the selected tag for as long as it is present, until due or until it is time to look for
// others, and leaves a field in which whatever is there can be selected.
func (w *watch) stay(ctx context.Context, t Target, due time.Time) error {
	look := time.Now().Add(besideEvery)
	for ctx.Err() == nil && time.Now().Before(due) {
		if err := w.beat(); err != nil {
			return err
		}
		// While its verdict is lit, no other tag may take the place of a random UID in the look's Cycle.
		mayLook := !randomUID(t.UID) || time.Now().After(w.litUntil)
		if mayLook && time.Now().After(look) {
			return w.lookBeside(ctx, t)
		}

		present, err := w.dev.Present()
		if err != nil {
			return err
		}
		if !present {
			w.presence.lost(t.UID)
			break
		}

		w.faults, w.well = 0, time.Now()
		w.presence.seen(t.UID, w.well)
		sleep(ctx, restEvery)
	}
	return w.cycle()
}

// lookBeside puts the selected tag to HALT, and takes what answers then for a new tap, unless it is known to
// lie there. It leaves a field in which whatever is there can be selected.
func (w *watch) lookBeside(ctx context.Context, last Target) error {
	for range maxBeside {
		w.presence.halt(last.UID)
		t, woken, err := lookPast(w.dev, last)
		now := time.Now()
		w.noteHalt(woken, err)
		switch {
		case errors.Is(err, ErrNoTag):
			w.well = now
			w.presence.noOthers()
			return w.cycle()
		case errors.Is(err, ErrTagLost):
			return w.cycle()
		case err != nil:
			return err
		case bytes.Equal(t.UID, last.UID): // nothing else can be found
			return w.cycle()
		}

		w.well = now
		w.presence.allBeside()
		if due := w.presence.arrive(t, now); !due.After(now) {
			_, err := w.tap(ctx, t, now)
			return err
		}
		w.presence.beside(t.UID)
		last = t
	}
	return w.cycle()
}

// noteHalt notes whether a tag that was put to HALT was woken by the look after that. One that was may have been taken
// away and laid back in between; time after time that is the reader.
func (w *watch) noteHalt(woken bool, err error) {
	switch {
	case woken:
		w.wokenTags++
	case errors.Is(err, ErrNoTag):
		w.wokenTags = 0
	}
	w.haltFails = w.haltFails || w.wokenTags >= haltTries
}

// hush leaves a tag with a random UID in HALT. There it keeps its UID, and whatever answers is another tag. If
// it were asked whether it is there, it would need a Cycle after the last look for another one, and the tag that
// is found then could be another.
func (w *watch) hush(t Target) error {
	if err := w.dev.Deselect(); err != nil {
		return err
	}
	w.presence.halt(t.UID)
	w.hushed = true
	return nil
}
