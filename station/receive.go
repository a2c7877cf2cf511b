// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"time"

	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
)

// queueLength is how many taps may wait behind the one that is being served: as many as may come
// at once.
const queueLength = bucketSize

// receive takes the reader's events until ctx ends. It lights the lamps the moment a tap begins,
// queues the tap once, and keeps the tap's promises as the reader goes on.
func (s *Station) receive(ctx context.Context, events <-chan reader.Event, queue chan<- *tap) {
	defer s.Progress.Over(loopReceive)
	bucket := newBucket(time.Now())

	// The tap that the reader is at, nil between taps. Whatever ends this loop, serve must not
	// wait for it in vain.
	var open *tap
	defer func() { s.close(open) }()

	enter := func(e reader.Event) {
		s.close(open)
		open = s.begin(e.Tap)
		s.enqueue(open, queue, bucket.take(time.Now()))
	}

	turns := time.NewTicker(turn)
	defer turns.Stop()
	for {
		s.Progress.Within(loopReceive, Stall)

		// If several are ready any may win. The ticker only makes the loop go round.
		select {
		case <-turns.C:
		case <-ctx.Done():
			return
		case e := <-events:
			switch e.Kind {
			case reader.EventReady:
				s.readerReady()
			case reader.EventFault:
				s.readerFault(e)
			case reader.EventResting:
				s.askAgain()
			case reader.EventBeat:
				s.readerView.rests(e.Tap.Entered)
				s.noteHalt(e.HaltFails)
			case reader.EventEntered:
				enter(e)

			// A reader's process that has lost count costs taps, and holds nothing up: what cannot
			// belong to the open tap begins one.
			case reader.EventURL:
				if open == nil || open.hasURL {
					enter(e)
				}
				open.hasURL = true
				open.early.keep(e.Tap)
			case reader.EventTap:
				if open == nil {
					enter(e)
				}
				s.end(open, e.Tap)
				open = nil
			}
		}
	}
}

// begin puts out whatever the last tap lit, and connects to the platform while the tag is read.
func (s *Station) begin(entered reader.Tap) *tap {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest++
	s.Lamps.Show(led.Reading)
	s.Platform.ConnectAhead()

	return newTap(entered, s.newest)
}

// enqueue queues a tap to be served, unless there were too many lately or too many wait.
func (s *Station) enqueue(t *tap, queue chan<- *tap, pass bool) {
	if pass {
		select {
		case queue <- t:
			return
		default: // full: the platform is slow, and the reader must not wait
		}
	}

	t.dropped = true
}

// end hands the reader's last word about a tap to serve. A dropped tap is finished here.
func (s *Station) end(t *tap, final reader.Tap) {
	if t.dropped {
		s.finish(t, final, scan.Record{Outcome: scan.Dropped})
		return
	}

	t.result.keep(final)
}

// close ends a tap about which the reader says no more; nil is no tap.
func (s *Station) close(t *tap) {
	switch {
	case t == nil:
	case t.dropped:
		s.finish(t, t.torn(), scan.Record{Outcome: scan.Dropped})
	default:
		t.early.abandon()
		t.result.abandon()
	}
}

// outcomeShown is the longest time for which an outcome is on the lamps: pending blinks 10 s.
const outcomeShown = 10 * time.Second

// askAgain asks for another tap when the reader is back and a tag lies there that may have been
// laid down while the reader was gone. What came of the last tap stays on the lamps.
func (s *Station) askAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()

	if time.Since(s.finished) > outcomeShown {
		s.Lamps.Show(led.Again)
	}
}
