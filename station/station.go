// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// A Station is what one tap goes through. Its fields are set before Run and not changed afterwards.
type Station struct {
	Name     string
	Tags     uplink.Tags
	Platform *uplink.Platform
	Sessions *session.Cache
	Journal  *journal.Journal
	Lamps    *led.Lamps
	Log      *zap.Logger
	OneTap   bool             // tags give a second proof in the same tap
	Timeout  time.Duration    // from the tag's arrival to the verdict
	Wall     func() time.Time // the board's wall clock, for the record only
	Progress *Progress        // of the station's loops; may be nil
	Feed     *api.Feed        // to those who listen; may be nil

	services   services   // the service codes that are raised
	readerLog  readerLog  // what the log knows about the reader; receive's alone
	readerView readerView // the reader as status shows it

	// mu guards what follows. It is held while the lamps are changed, so that the outcome of a tap
	// cannot reach them after the next tap has begun.
	mu       sync.Mutex
	newest   uint64    // number of the newest tap that has begun
	finished time.Time // when the last tap was finished

	sessionsMu sync.Mutex // guards Sessions: serve and status ask
}

// Run takes events until ctx ends, and then finishes the tap in hand.
func (s *Station) Run(ctx context.Context, events <-chan reader.Event) {
	queue := make(chan *tap, queueLength)
	var loops sync.WaitGroup

	// These three end with ctx.
	loops.Go(func() {
		defer s.Progress.Over(loopPlatform)
		s.Platform.Watch(ctx, s.learnFromContact, func() { s.Progress.Within(loopPlatform, watchTurn) })
	})
	loops.Go(func() { s.keepUp(ctx) })
	loops.Go(func() { s.tellLamps(ctx) })

	// Ends when the queue is closed and empty.
	loops.Go(func() {
		defer s.Progress.Over(loopSend)
		for t, ok := s.nextTap(queue); ok; t, ok = s.nextTap(queue) {
			s.serve(ctx, t)
		}
	})

	s.receive(ctx, events, queue)
	close(queue)
	loops.Wait()
}

// serve takes one tap from its first URL to the lamps. Taps are served one at a time.
func (s *Station) serve(ctx context.Context, t *tap) {
	// Shutdown does not cut this short: a scan that has been sent gets its outcome.
	by := t.Entered.Add(s.Timeout)

	// A tap that waited too long behind another one, or for a daemon that ends, is not sent at all.
	early := t.earlyURL(by)
	if ctx.Err() != nil || s.tooLate(early) {
		s.finish(t, early, scan.Record{Outcome: scan.Dropped})
		return
	}

	// The URL is known before the reader is done with the tag. Prepare with it: the journal writes
	// the intent and the request connects while the reader looks for another tag.
	post := s.prepare(t, early, by, s.OneTap)

	// The reader has the last word: the same URL, and nobody else in the field?
	final := t.finalResult(by)
	if final.Reason != "" || final.URL != early.URL {
		s.withdraw(post)
		post = s.prepare(t, final, by, final.Second != "")
	}

	// The intent is on the disk, or the disk has had its time: the first byte may go.
	record := s.send(post)

	// One-tap: pending, and a second proof of the same tag, in time for the same session.
	if second, ok := s.second(final, record); ok && ctx.Err() == nil {
		s.record(t, final, record)
		t.seq = 0 // a scan of its own
		record = s.send(s.prepareSubmission(t, second, by, false))
	}

	s.finish(t, final, record)
}

// tooLate reports whether half of a tap's time has passed since its URL was read. By then the person
// has probably tapped again or left, and what remains may be too short for the platform.
func (s *Station) tooLate(read reader.Tap) bool { return time.Since(read.Read) > s.Timeout/2 }

// second returns the submission of a tap's second proof, and whether it may be posted: the first
// one is pending, and its session is the one that a scan of the tag carries now. Otherwise the
// proof is thrown away; it is of no use later.
func (s *Station) second(final reader.Tap, first scan.Record) (sub scan.Submission, ok bool) {
	if final.Second == "" || first.Outcome != scan.Pending || s.tooLate(final) {
		return scan.Submission{}, false
	}
	sub, err := s.Tags.Submission(final.Second)
	if err != nil || sub.Tag != first.Tag {
		return scan.Submission{}, false
	}

	return sub, s.carriedSession(sub.Tag) == first.Session
}

// finish ends a tap. The lamps show its outcome unless the next tap has begun: green and red are
// for the object that lies on the reader.
func (s *Station) finish(t *tap, read reader.Tap, r scan.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.finished = time.Now()
	if s.newest == t.number {
		s.Lamps.Show(signals[r.Outcome])
	}

	// After the lamps: the person comes first.
	s.record(t, read, r)
}

// record writes a finished scan to the journal, the feed and the log. read is what the reader said
// of the tap.
func (s *Station) record(t *tap, read reader.Tap, r scan.Record) {
	r.Seq = t.seq
	if r.Seq == 0 {
		r.Seq = s.Journal.NextSeq()
	}

	r.Time, r.Synced = s.Wall().UTC().Truncate(time.Millisecond), clockSynced()
	r.Boot, r.BoottimeMS = bootID(), sinceBoot().Milliseconds()
	r.Station = s.Name
	r.UID, r.Chip = read.UID, string(read.Chip)
	r.ReadMS = scan.Milliseconds(read.Read.Sub(read.Entered))
	r.TotalMS = scan.Milliseconds(time.Since(read.Entered))

	s.Journal.Finish(r)
	s.Feed.Scan(r)
	s.Log.Info("scan", zap.Inline(scanLine(r)))
}
