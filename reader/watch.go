// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

const (
	pollEvery = 40 * time.Millisecond // between looks at an empty field
	restEvery = 50 * time.Millisecond // between asks whether a tag is still there
	// Half of the second that Watch promises: one look may take libnfc 350 ms.
	beatEvery = 500 * time.Millisecond
	// An unplugged reader gives an I/O error at once and for ever; a tap that
	// lands in libnfc's flush gives up to six that clear within 5 ms.
	maxFaults  = 10
	faultPause = 5 * time.Millisecond
)

// Watch looks for tags with dev until ctx ends or the reader fails, and gives
// emit a Ready after its first look, an Entered and then a Tapped event for each tap, a Left when its tag has
// gone, and a Beat at least once a second whatever else happens. A tag of the UID
// resting, if any, is on the reader from before.
func Watch(ctx context.Context, dev Device, resting []byte, emit func(Event) error) error {
	w := &watch{dev: dev, emit: emit, lastOut: time.Now()}
	if len(resting) > 0 {
		// Only a tag that is there at the first look has not been away.
		w.visits.rests(resting, time.Now().Add(pollEvery-awayFor))
		w.here = resting
	}
	for ctx.Err() == nil {
		pause := pollEvery
		err := w.look(ctx)
		var gone *emitError
		switch {
		case err == nil:
			w.faults = 0
		case errors.As(err, &gone):
			return gone.err
		default:
			if w.faults++; w.faults > maxFaults || errors.Is(err, errHung) {
				return err
			}
			pause = faultPause
		}
		sleep(ctx, pause)
	}
	return nil
}

// watch is the state of one reader's field.
type watch struct {
	dev     Device
	emit    func(Event) error
	visits  visits
	here    []byte    // the tag of the last tap, until it has left
	ready   bool      // the first look is done
	lastOut time.Time // of the newest event
	faults  int       // of the reader, in a row
}

// emitError ends Watch: nobody listens any more.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }

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
	return w.send(Event{Kind: Beat})
}

// look selects a tag once, reads it if it is a new tap, and stays until it is
// gone or counts again.
func (w *watch) look(ctx context.Context) error {
	if err := w.beat(); err != nil {
		return err
	}
	t, err := w.dev.Select()
	if err != nil && !errors.Is(err, ErrNoTag) {
		return err
	}
	if err := w.looked(); err != nil {
		return err
	}
	if err != nil {
		return w.left(time.Now())
	}
	now := time.Now()
	uid := hex.EncodeToString(t.UID)
	if due := w.visits.arrive(t.UID, now); due.After(now) {
		return w.rest(ctx, t.UID, due)
	}
	w.here = t.UID
	if err := w.send(Event{Kind: Entered, Tap: Tap{UID: uid, Chip: chipOf(t), Entered: now}}); err != nil {
		return err
	}
	x := newExchange(w.dev, t, now)
	tap, fault := x.read(now)
	w.visits.stay(t.UID, x.seen)
	if err := w.send(Event{Kind: Tapped, Tap: tap}); err != nil {
		return err
	}
	if fault != nil {
		return fault
	}
	return w.rest(ctx, t.UID, never)
}

// looked tells, once, that the reader is ready: it has looked at the field, and
// whatever is laid on it from now on was not there before.
func (w *watch) looked() error {
	if w.ready {
		return nil
	}
	w.ready = true
	return w.send(Event{Kind: Ready})
}

// left tells that the tag of the last tap has gone, when it has been away for long
// enough that its return would be a new tap.
func (w *watch) left(now time.Time) error {
	if w.here == nil || w.visits.near(w.here, now) {
		return nil
	}
	w.here = nil
	return w.send(Event{Kind: Left})
}

// rest stays with the selected tag for as long as it is present and until due.
func (w *watch) rest(ctx context.Context, uid []byte, due time.Time) error {
	for ctx.Err() == nil && time.Now().Before(due) {
		if err := w.beat(); err != nil {
			return err
		}
		present, err := w.dev.Present()
		if err != nil || !present {
			return err
		}
		w.faults = 0
		w.visits.stay(uid, time.Now())
		sleep(ctx, restEvery)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
