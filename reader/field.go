// SPDX-License-Identifier: Apache-2.0

package reader

import "time"

// A fieldState is what a watch knows of the tag of the last tap:
//
//	opened, nobody lay there          opened, a tag lay there before
//	       |                              |                     |
//	       |             gone for < 300 ms|                     |or longer
//	       v                              v                     v
//	+-> vacant ---- tap ------------> occupied <-- resting -- uncertain
//	|                                |  |  ^  ^                |  |
//	+--- left <---- 300 ms away, or -+  +--+  +----- tap ------+  |
//	|         torn by the reader       tap, or it lies still      |
//	+--- left <----------------------------- nobody there --------+
//
// "tap" stands for the events entered, url (if one was read) and tap; left and resting are
// events, too. The first look of a newly opened reader emits ready, in whatever state.
type fieldState int

const (
	vacant    fieldState = iota // no tag: any that is found is a tap
	occupied                    // it is there, or has been away for less than 300 ms
	uncertain                   // it was there, and then the reader was gone for 300 ms or longer
)

// opened begins again with a reader that was just opened, in the state that the last one left.
func (w *watch) opened(dev Device) {
	w.dev = dev
	w.ready, w.faults, w.deaf = false, 0, true
	w.presence.unanswered(time.Now())
	if w.field == vacant {
		return
	}

	// The next look finds out whether it is still there. That a random UID is still the same tag nobody knows,
	// and it is read, unless its taps break the reader.
	if !randomUID(w.here) {
		w.presence.resting(Target{UID: w.here})
	} else if w.spared == nil {
		w.presence.forget(w.here)
	}
	w.field = occupied
	gone := time.Since(w.well)
	if gone >= awayFor {
		w.field = uncertain
	}
	if gone >= RestsFor {
		w.presence.missed(w.here, awayFor)
	}
}

// found notes a tag that is no new tap. If it is found at the first look of a reader that was
// gone, it may have been taken away and laid back meanwhile; nobody knows.
func (w *watch) found(t Target) error {
	before := w.field
	w.occupy(t.UID)
	if before == uncertain {
		return w.send(Event{Kind: EventResting})
	}
	return nil
}

// nobody notes a look that found no tag, and reports whether it has switched the field. Then the next look
// must come at once: whoever was in HALT is awake.
func (w *watch) nobody(now time.Time) (cycled bool, err error) {
	if w.hushed {
		w.noteHalt(false, ErrNoTag)
	}
	w.hushed = false
	w.presence.nobody(now)

	if w.field == uncertain { // it was taken away while the reader was gone
		w.presence.missed(w.here, awayFor)
	}
	if w.field != vacant && !w.presence.has(w.here) {
		if err := w.vacate(); err != nil {
			return false, err
		}
	}

	// The tag whose tap the reader tore has gone. If it comes back and that tap is torn, it is spared, too.
	if w.empty*int(pollEvery) > int(awayFor) {
		w.spared = nil
	}

	// Now and then the field goes off: a tag that broke off in the middle of its activation
	// does not hear another Select. It also shows whether a tag in HALT is still there; but while such a tag's
	// verdict is lit, nobody must be able to take its place meanwhile.
	if w.empty >= cycleAfter && (!w.presence.hushed() || now.After(w.litUntil)) {
		w.empty = 0
		return true, w.cycle()
	}
	return false, nil
}

// cycle switches the field off and on. A tag with a random UID that nobody has seen in the last moment may be
// another one after that.
func (w *watch) cycle() error {
	if time.Since(w.well) > maxGap && w.spared == nil {
		w.presence.forgetRandom()
	}
	w.presence.switched()
	return w.dev.Cycle()
}

// spare forgets a tap that was torn by the reader's own fault: nothing of it was
// posted, and a tag that is still there when the reader is back is a new tap. A tag that
// makes the reader fail every time is not.
func (w *watch) spare(uid []byte) error {
	if w.spared != nil && SameOrRandom(uid, w.spared) {
		return nil
	}
	w.spared = uid
	w.presence.forget(uid)
	return w.vacate()
}

func (w *watch) occupy(uid []byte) { w.field, w.here = occupied, uid }

func (w *watch) vacate() error {
	w.field, w.here = vacant, nil
	return w.send(Event{Kind: EventLeft})
}
