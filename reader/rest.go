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

// So many tags beside a resting one are looked at in turn.
const maxBeside = 4

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

	return 0, w.stay(ctx, d.target.UID, never)
}

// stay stays with the selected tag for as long as it is present, until due or until it is time to look for
// others, and leaves a field in which whatever is there can be selected.
func (w *watch) stay(ctx context.Context, uid []byte, due time.Time) error {
	look := time.Now().Add(besideEvery)
	for ctx.Err() == nil && time.Now().Before(due) {
		if err := w.beat(); err != nil {
			return err
		}
		if time.Now().After(look) {
			return w.lookBeside(ctx, uid)
		}

		present, err := w.dev.Present()
		if err != nil {
			return err
		}
		if !present {
			w.presence.lost(uid)
			break
		}

		w.faults, w.well = 0, time.Now()
		w.presence.seen(uid, w.well)
		sleep(ctx, restEvery)
	}
	return w.cycle()
}

// lookBeside puts the selected tag to HALT, and takes what answers then for a new tap, unless it is known to
// lie there. It leaves a field in which whatever is there can be selected.
func (w *watch) lookBeside(ctx context.Context, uid []byte) error {
	for range maxBeside {
		if err := w.dev.Deselect(); err != nil {
			return err
		}
		w.presence.halt(uid)

		t, err := w.dev.Select(1)
		now := time.Now()
		switch {
		case errors.Is(err, ErrNoTag):
			w.well = now
			w.presence.noOthers()
			return w.cycle()
		case errors.Is(err, ErrTagLost):
			return w.cycle()
		case err != nil:
			return err
		case bytes.Equal(t.UID, uid): // it has come back, or was never in HALT
			return w.cycle()
		}

		w.well = now
		w.presence.allBeside()
		if due := w.presence.arrive(t, now); !due.After(now) {
			_, err := w.tap(ctx, t, now)
			return err
		}
		w.presence.beside(t.UID)
		uid = t.UID
	}
	return w.cycle()
}

// hush leaves a tag with a random UID in HALT. There it keeps its UID, and whatever answers is another tag. If
// it were asked whether it is there, it would need a Cycle after the last look for another one, and the tag that
// is found then could be another.
func (w *watch) hush(t Target) error {
	if err := w.dev.Deselect(); err != nil {
		return err
	}
	w.presence.halt(t.UID)
	return nil
}
