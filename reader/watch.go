// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

const (
	pollEvery = 20 * time.Millisecond // between looks at an empty field
	nearEvery = 15 * time.Millisecond // the same, when a tag may have left a moment ago
	restEvery = 50 * time.Millisecond // between asks whether a tag is still there
	// One command may take libnfc 350 ms, and a tap is over after 600 ms and three of them.
	beatEvery = 500 * time.Millisecond
	// An unplugged reader gives an I/O error at once and for ever; a tap that
	// lands in libnfc's flush gives up to six that clear within 5 ms.
	maxFaults  = 10
	cycleAfter = 40 // empty looks, which is about a second
	// Looks at a field in which nobody is expected back: a reader that is to end does so after
	// a quarter of a second.
	burst = 8
	// A tag that lies there when the reader comes back after longer than this is not
	// taken for the one that rested before.
	restsFor   = 10 * time.Minute
	faultPause = 5 * time.Millisecond
)

// watch is the state of one reader's field, which outlives the reader's being
// opened anew.
type watch struct {
	dev      Device
	liveness Liveness
	emit     func(Event) error
	visits   visits
	here     []byte    // the tag of the last tap, until it has left
	spared   []byte    // the tag whose last tap the reader tore
	ready    bool      // the first look since the reader was opened is done
	lastOut  time.Time // of the newest event
	faults   int       // of the reader, in a row
	empty    int       // looks at an empty field, in a row
	soon     bool      // the next look need not wait
	file     int       // see dialogue
	blind    bool      // a tag may be there that would not hear a Select
	well     time.Time // when the reader was, last
	back     bool      // the reader was gone for longer than a tag must be to have left
}

// newWatch begins with a tag of the UID resting on the reader, unless that is nil.
func newWatch(liveness Liveness, resting []byte, emit func(Event) error) *watch {
	now := time.Now()
	return &watch{liveness: liveness, here: resting, emit: emit, lastOut: now, well: now.Add(-awayFor)}
}

// on looks for tags with dev until ctx ends or the reader fails: it emits a Ready
// after its first look, an Entered, a Proved if there is a URL, and then a Tapped for each
// tap, a Left when its tag has gone, and a Beat at least every two seconds whatever else happens.
func (w *watch) on(ctx context.Context, dev Device) error {
	w.dev, w.ready, w.faults, w.blind = dev, false, 0, true
	w.visits.unsure(time.Now())
	if w.here != nil {
		w.visits.rests(w.here)
		w.back = time.Since(w.well) >= awayFor
		if time.Since(w.well) >= restsFor {
			w.visits.gone(w.here)
		}
	}
	for ctx.Err() == nil {
		pause := pollEvery
		w.soon = false
		err := w.look(ctx)
		var gone *emitError
		switch {
		case err == nil:
			w.faults = 0
			if w.here != nil {
				pause = nearEvery
			}
			if w.soon {
				pause = 0
			}
		case errors.As(err, &gone):
			return err
		default:
			w.visits.unsure(time.Now())
			w.blind = true
			if w.faults++; w.faults > maxFaults || errors.Is(err, errHung) {
				return err
			}
			pause = faultPause
		}
		sleep(ctx, pause)
	}
	return nil
}

// emitError ends Watch: nobody listens any more.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }
func (e *emitError) Unwrap() error { return e.err }

func (w *watch) send(e Event) error {
	w.lastOut = time.Now()
	if err := w.emit(e); err != nil {
		return &emitError{err}
	}
	return nil
}

func (w *watch) beat() error {
	if time.Since(w.lastOut) < beatEvery {
		return nil
	}
	return w.send(Event{Kind: EventBeat, Tap: Tap{UID: hex.EncodeToString(w.here)}})
}

// look selects a tag once, reads it if it is a new tap, and stays until it is
// gone or counts again.
func (w *watch) look(ctx context.Context) error {
	if err := w.beat(); err != nil {
		return err
	}
	if w.blind {
		if err := w.dev.Cycle(); err != nil {
			return err
		}
		w.blind = false
	}
	looks := 1
	if w.ready && w.here == nil && w.faults == 0 && w.visits.none() {
		looks = burst
	}
	t, err := w.dev.Select(looks)
	if err != nil && !errors.Is(err, ErrNoTag) && !errors.Is(err, ErrTagLost) {
		return err
	}
	now := time.Now()
	w.well = now
	if err := w.looked(); err != nil {
		return err
	}
	switch {
	case errors.Is(err, ErrTagLost):
		w.visits.unsure(now)
		w.blind = true
		return nil
	case err != nil:
		w.visits.empty(now)
		w.empty += looks
		return w.nothing()
	}
	w.empty = 0
	due := w.visits.arrive(t.UID, now)
	if !due.After(now) {
		return w.tap(ctx, t, now)
	}
	if err := w.stayed(t); err != nil {
		return err
	}
	return w.rest(ctx, t.UID, due)
}

// stayed notes a tag that is no new tap. Was it there at the first look of a reader
// that was gone, it may have been taken away and laid back meanwhile; nobody knows.
func (w *watch) stayed(t Target) error {
	w.here = t.UID
	if !w.back {
		return nil
	}
	w.back = false
	return w.send(Event{Kind: EventResting})
}

func (w *watch) tap(ctx context.Context, t Target, now time.Time) error {
	w.here, w.back = t.UID, false
	entered := Tap{UID: hex.EncodeToString(t.UID), Chip: chipOf(t), Entered: now}
	if err := w.send(Event{Kind: EventEntered, Tap: entered}); err != nil {
		return err
	}
	x := newDialogue(w.dev, t, now)
	x.file = w.file
	x.proved = func(t Tap) { w.send(Event{Kind: EventURL, Tap: t}) } // if nobody listens, Tapped finds out
	tap, fault := x.read(now, w.liveness)
	w.file = x.file
	w.well = time.Now()
	w.visits.stay(t.UID, w.well)
	if fault == nil && !x.missing.IsZero() {
		w.visits.lost(t.UID, x.missing, w.well)
	}
	if err := w.send(Event{Kind: EventTap, Tap: tap}); err != nil {
		return err
	}
	if fault != nil {
		return errors.Join(fault, w.spare(t.UID))
	}
	w.spared = nil
	if x.other != nil {
		w.visits.rests(x.other) // its tap was this one
		return w.dev.Cycle()
	}
	if !x.selected {
		if err := x.renew(); faultOfReader(err) {
			return err
		} else if err != nil {
			w.blind = true // the next look tells who is there
			return nil
		}
	}
	return w.rest(ctx, t.UID, never)
}

// spare forgets a tap that was torn by the reader's own fault: nothing of it was
// posted, and a tag that is still there when the reader is back is a new tap. One that
// makes the reader fail each time is not.
func (w *watch) spare(uid []byte) error {
	if w.spared != nil && sameTag(uid, w.spared) {
		return nil
	}
	w.spared, w.here = uid, nil
	w.visits.drop(uid)
	return w.send(Event{Kind: EventLeft})
}

// nothing is there. Now and then the field goes off: a tag that broke off in the
// middle of its activation does not hear another Select.
func (w *watch) nothing() error {
	if w.back {
		w.back = false
		w.visits.gone(w.here)
	}
	if err := w.left(); err != nil {
		return err
	}
	if w.empty*int(pollEvery) > int(awayFor) {
		w.spared = nil
	}
	if w.empty >= cycleAfter {
		w.empty = 0
		return w.dev.Cycle()
	}
	return nil
}

// looked tells, once, that the reader is ready: it has looked at the field, and
// whatever is laid on it from now on was not there before.
func (w *watch) looked() error {
	if w.ready {
		return nil
	}
	w.ready = true
	return w.send(Event{Kind: EventReady})
}

// left tells that the tag of the last tap has gone, when it has been away for long
// enough that its return would be a new tap.
func (w *watch) left() error {
	if w.here == nil || w.visits.near(w.here) {
		return nil
	}
	w.here = nil
	return w.send(Event{Kind: EventLeft})
}

// rest stays with the selected tag for as long as it is present and until due, and
// leaves a field in which whatever is there can be selected.
func (w *watch) rest(ctx context.Context, uid []byte, due time.Time) error {
	for ctx.Err() == nil && time.Now().Before(due) {
		if err := w.beat(); err != nil {
			return err
		}
		present, err := w.dev.Present()
		if err != nil {
			return err
		}
		if !present {
			break
		}
		w.faults, w.well = 0, time.Now()
		w.visits.stay(uid, w.well)
		sleep(ctx, restEvery)
	}
	w.soon = true
	return w.dev.Cycle()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
