// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	pollEvery = 20 * time.Millisecond // between looks at an empty field
	nearEvery = 15 * time.Millisecond // the same, when a tag may have left a moment ago
	restEvery = 50 * time.Millisecond // between questions whether a tag is still there

	// BeatEvery is the time between two beats. The daemon takes a child for hung after 5 s. One command may take
	// libnfc 350 ms, and a tap is over after 600 ms and three of them: two seconds at most between two beats.
	BeatEvery = 500 * time.Millisecond

	// An unplugged reader gives an I/O error at once and for ever; a tap that
	// lands in libnfc's flush gives up to six that clear within 5 ms.
	maxFaults  = 10
	faultPause = 5 * time.Millisecond

	cycleAfter = 40 // empty looks, which is about a second

	// Looks in one call at a field in which nobody is expected back: a reader that is to
	// end does so after a quarter of a second.
	burst = 8

	// A verdict may be lit for so long after its tag was read: the platform has 8 s, and the lamp is lit for 3 s.
	litFor = 15 * time.Second

	// RestsFor is how long a reader may be gone: a tag that lies there when it comes back later is not
	// taken for the one that rested before.
	RestsFor = 10 * time.Minute
)

// A watch looks for tags with one reader, and outlives the reader's being opened anew. What it knows
// of the field is a fieldState.
type watch struct {
	dev      Device
	liveness Liveness
	presence presence

	emit    func(Event) error
	emitted time.Time // when the newest event was

	field  fieldState
	here   []byte // the UID of the tag of the last tap; nil in a vacant field
	spared []byte // the UID of the tag whose last tap a fault of the reader tore
	empty  int    // looks that found nobody, in a row

	hushed    bool // the last command put a tag to HALT
	wokenTags int  // looks in a row that woke a tag which was in HALT
	haltFails bool // this reader's looks wake tags

	litUntil time.Time // when the verdict of the last tap is out for certain

	// The reader since it was opened.
	ready  bool // it has answered a look
	faults int  // in a row
	deaf   bool // a tag may be there that does not hear a Select before a Cycle

	well     time.Time // when the reader last answered, before it was opened anew as well
	fileSize int       // see dialogue: one reader meets tags with files of one size
}

// newWatch begins with a tag of the UID resting on the reader, unless that is nil.
func newWatch(liveness Liveness, resting []byte, emit func(Event) error) *watch {
	now := time.Now()
	w := &watch{liveness: liveness, emit: emit, emitted: now, well: now.Add(-awayFor)}
	if resting != nil {
		w.occupy(resting)
	}
	return w
}

// run looks for tags with dev until ctx ends (nil), nobody listens any more (emitError), or the
// reader fails.
func (w *watch) run(ctx context.Context, dev Device) error {
	w.opened(dev)
	for ctx.Err() == nil {
		pause, err := w.look(ctx)
		var unheard *emitError
		switch {
		case err == nil:
			w.faults = 0
		case errors.As(err, &unheard):
			return err
		default:
			// Nobody knows what such a look would have found, or in what state it left the tag.
			w.presence.unanswered(time.Now())
			w.deaf = true
			if w.faults++; w.faults > maxFaults || errors.Is(err, errHung) {
				return err
			}
			pause = faultPause
		}

		sleep(ctx, pause)
	}
	return nil
}

// look selects a tag once. It reads one that is a new tap, and stays with one that is there until
// it is gone or counts again. The next look is after the pause.
func (w *watch) look(ctx context.Context) (pause time.Duration, err error) {
	if err := w.beat(); err != nil {
		return 0, err
	}

	// Before the first look, and after one that broke off, a tag may be there in a state in
	// which it hears no Select.
	if w.deaf {
		if err := w.cycle(); err != nil {
			return 0, err
		}
		w.deaf = false
	}

	// Where a tag is expected back, every look must be noted with its time.
	looks := 1
	if w.ready && w.field != uncertain && w.faults == 0 && w.presence.expectsNobody() {
		looks = burst
	}
	t, err := w.dev.Select(looks)
	if err != nil && !errors.Is(err, ErrNoTag) && !errors.Is(err, ErrTagLost) {
		return 0, err
	}
	now := time.Now()
	w.well = now
	if errors.Is(err, ErrTagLost) {
		w.presence.unanswered(now)
		w.deaf = true
		return w.untilNextLook(), nil
	}

	// What is laid on the reader from here on was not there before.
	if err := w.sayReady(); err != nil {
		return 0, err
	}

	if err != nil {
		w.empty += looks
		cycled, err := w.nobody(now)
		if cycled {
			return 0, err
		}
		return w.untilNextLook(), err
	}

	return w.meet(ctx, t, now)
}

// meet reads a tag that is a new tap, and otherwise stays with it or leaves it in HALT.
func (w *watch) meet(ctx context.Context, t Target, now time.Time) (pause time.Duration, err error) {
	w.empty = 0
	woken := w.presence.halted(t.UID) // it was in HALT, and has kept its power
	due := w.presence.arrive(t, now)
	if !due.After(now) {
		return w.tap(ctx, t, now)
	}
	if err := w.found(t); err != nil {
		return 0, err
	}
	if woken && w.hushed {
		w.noteHalt(true, nil)
	}
	w.hushed = false
	switch {
	case randomUID(t.UID) && !woken:
		return w.untilNextLook(), w.hush(t)
	case randomUID(t.UID) && t.ISODEP():
		w.presence.halt(t.UID) // in ISO-DEP it does not hear a look either
		return w.untilNextLook(), nil
	}
	return 0, w.stay(ctx, t, due)
}

// tap reads the tag that has just entered. All events of a tap come from here, in order: entered,
// url at most once, and tap, which alone is final.
func (w *watch) tap(ctx context.Context, t Target, now time.Time) (pause time.Duration, err error) {
	w.occupy(t.UID)
	d := newDialogue(w.dev, t, now, w.liveness)
	d.fileSize = w.fileSize
	d.selected = !w.presence.hushed() // else the tag in HALT must be woken first, to be found beside this one
	if err := w.send(Event{Kind: EventEntered, Tap: d.tap}); err != nil {
		return 0, err
	}

	// A tag that is lost is read again, and may give another URL. The first is enough to prepare
	// the request with; the tap has the one that counts.
	told := false
	for d.next() {
		if d.readURL() && !told {
			told = true
			if err := w.send(Event{Kind: EventURL, Tap: d.tap}); err != nil {
				return 0, err
			}
		}
		d.confirm()
	}

	tap, fault := d.end()
	w.fileSize = d.fileSize
	w.noteTap(t.UID, d, fault)
	if err := w.send(Event{Kind: EventTap, Tap: tap}); err != nil {
		return 0, err
	}

	if fault != nil {
		return 0, errors.Join(fault, w.spare(w.here))
	}
	w.spared = nil
	return w.afterTap(ctx, d)
}

// noteTap notes what a tap has shown of the tag that entered with this UID, and of the field.
func (w *watch) noteTap(uid []byte, d *dialogue, fault error) {
	w.well = time.Now()
	if d.woken {
		w.noteHalt(true, nil)
	} else if d.halted {
		w.noteHalt(false, ErrNoTag)
	}
	w.presence.switched() // whoever was in HALT has been woken, or has gone
	w.presence.rename(uid, d.target)
	known := []Target{d.target}
	if d.other != nil {
		known = append(known, *d.other)
		if w.presence.find(d.other.UID) == nil {
			w.presence.renewedAs(*d.other) // it may have been there before
		}
	}
	w.presence.forgetRandom(known...)
	w.occupy(d.target.UID)

	w.presence.seen(w.here, w.well)
	// A tag that left within its tap has been away since then, and not only from the next look on.
	if fault == nil && !d.missing.IsZero() {
		w.presence.missed(w.here, w.well.Sub(d.missing))
	}

	w.litUntil = time.Time{}
	if d.tap.URL != "" || d.tap.Reason == scan.ReasonTorn { // the next look may find it in the hand that tries again
		w.litUntil = w.well.Add(litFor)
	}
}

// untilNextLook is shorter while a tag is expected back.
func (w *watch) untilNextLook() time.Duration {
	if w.field == vacant || w.presence.hushed() {
		return pollEvery
	}
	return nearEvery
}

// sayReady emits ready once: the reader has looked at the field.
func (w *watch) sayReady() error {
	if w.ready {
		return nil
	}
	w.ready = true
	return w.send(Event{Kind: EventReady})
}

// beat emits a sign of life, unless another event was one a moment ago.
func (w *watch) beat() error {
	if time.Since(w.emitted) < BeatEvery {
		return nil
	}
	tap := Tap{UID: hex.EncodeToString(w.here), Entered: w.presence.since()}
	return w.send(Event{Kind: EventBeat, Tap: tap, HaltFails: w.haltFails})
}

func (w *watch) send(e Event) error {
	w.emitted = time.Now()
	if err := w.emit(e); err != nil {
		return &emitError{err}
	}
	return nil
}

// An emitError ends the watch: nobody listens any more.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }
func (e *emitError) Unwrap() error { return e.err }

// sleep ends early when ctx does.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()

	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
