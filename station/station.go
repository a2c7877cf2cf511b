// SPDX-License-Identifier: Apache-2.0

// Package station is the loop of one station: one tap at a time from the reader
// through tags, session and platform to the lamps, and one line in the log.
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

// A Station is what one tap goes through. Its fields are set before Run and
// not changed afterwards.
type Station struct {
	Name     string
	Tags     uplink.Tags
	Platform *uplink.Platform
	Sessions *session.Cache
	Journal  *journal.Journal
	Lamps    *led.Lamps
	Log      *zap.Logger
	OneTap   bool             // tags give a second proof in the same tap
	Timeout  time.Duration    // from tap to verdict
	Wall     func() time.Time // the board's wall clock, for the record only
	Progress *Progress        // of the loops; may be nil
	Feed     *api.Feed        // of what happens; may be nil

	services services
	reader   readiness // of receive alone
	now      nowReader
	steps    stepMeter

	mu       sync.Mutex
	newest   uint64    // the newest tap that has begun
	finished time.Time // the last tap was

	sessions sync.Mutex // holds Sessions
}

// waiting is how many taps may wait behind the one that is being sent.
const waiting = bucketSize

// Run takes events until ctx ends, and then finishes the scan in hand.
func (s *Station) Run(ctx context.Context, events <-chan reader.Event) {
	visits := make(chan visit, waiting)
	watching, end := context.WithCancel(ctx)
	var loops sync.WaitGroup
	loops.Go(func() {
		defer s.Progress.Over(loopPlatform)
		s.Platform.Watch(watching, s.contacted, func() { s.Progress.Within(loopPlatform, watchTurn) })
	})
	loops.Go(func() { s.keepUp(watching) })
	loops.Go(func() { s.tellLamps(watching) })
	loops.Go(func() {
		defer s.Progress.Over(loopSend)
		for v, ok := s.nextVisit(visits); ok; v, ok = s.nextVisit(visits) {
			if ctx.Err() != nil || s.late(v.tap) {
				s.finish(v, scan.Record{Outcome: scan.Dropped})
				continue
			}
			sub := s.judge(&v)
			if ctx.Err() == nil {
				v, sub = s.second(v, sub)
			}
			s.finish(v, sub)
		}
	})
	s.receive(ctx, events, visits)
	close(visits)
	end()
	loops.Wait()
}

// receive lights the lamps the moment a tap begins, and queues it when its URL is read, so
// that all is ready when the reader is done with it.
func (s *Station) receive(ctx context.Context, events <-chan reader.Event, visits chan<- visit) {
	defer s.Progress.Over(loopReceive)
	bucket := newBucket(time.Now())
	var open opening
	defer open.leave()
	turns := time.NewTicker(turn)
	defer turns.Stop()
	for {
		s.Progress.Within(loopReceive, Stall)
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
				s.stayed()
			case reader.EventEntered:
				open.leave()
				s.begin()
			case reader.EventURL:
				s.queue(visit{tap: e.Tap, number: s.newest, rest: open.begin()}, visits, bucket.take(time.Now()))
			case reader.EventTap:
				if !open.end(e.Tap) {
					s.queue(visit{tap: e.Tap, number: s.newest}, visits, bucket.take(time.Now()))
				}
			}
		}
	}
}

// shown is how long what came of a tap is on the lamps.
const shown = 10 * time.Second

// stayed asks for another tap when the reader is back and a tag lies there that may
// have been laid down while it was gone.
func (s *Station) stayed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.finished) > shown {
		s.Lamps.Show(led.Again)
	}
}

// begin puts out whatever the last tap lit.
func (s *Station) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest++
	s.Lamps.Show(led.Reading)
	s.Platform.Ahead()
}

func (s *Station) queue(v visit, visits chan<- visit, pass bool) {
	if pass {
		select {
		case visits <- v:
			return
		default:
		}
	}
	s.finish(v, scan.Record{Outcome: scan.Dropped})
}

// late tells that less than half of a tap's time is left for the platform; and the
// person has tapped again or gone.
func (s *Station) late(t reader.Tap) bool { return time.Since(t.Read) > s.Timeout/2 }

// finish ends a tap. The lamps show what came of it unless the next tap has
// begun: green and red are for the object that lies on the reader.
func (s *Station) finish(v visit, r scan.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = time.Now()
	if s.newest == v.number {
		s.Lamps.Show(signals[r.Outcome])
	}
	s.record(v, r)
}

// record writes a finished scan to the journal and the log.
func (s *Station) record(v visit, r scan.Record) {
	if r.Seq == 0 {
		r.Seq = s.Journal.NextSeq()
	}
	r.Time, r.Synced = s.Wall().UTC().Truncate(time.Millisecond), clockSynced()
	r.Boot, r.BoottimeMS = bootID(), sinceBoot().Milliseconds()
	r.Station = s.Name
	r.UID, r.Chip = v.tap.UID, string(v.tap.Chip)
	r.ReadMS = scan.Milliseconds(v.tap.Read.Sub(v.tap.Entered))
	r.TotalMS = scan.Milliseconds(time.Since(v.tap.Entered))
	s.Journal.Finish(r)
	s.Feed.Scan(r)
	s.Log.Info("scan", zap.Inline(line(r)))
}

// second posts the second proof of a tap whose first one is pending, in its session,
// and returns the scan that is still to finish. In any other case the proof is thrown
// away: it is of no use later.
func (s *Station) second(v visit, first scan.Record) (visit, scan.Record) {
	if v.tap.Second == "" || first.Outcome != scan.Pending || s.late(v.tap) {
		return v, first
	}
	sub, err := s.Tags.Scan(v.tap.Second)
	if err != nil || sub.Tag != first.Tag || s.carried(sub.Tag) != first.Session {
		return v, first
	}
	s.mu.Lock()
	s.record(v, first)
	s.mu.Unlock()
	v.tap.URL, v.tap.Second, v.seq = v.tap.Second, "", 0
	r := s.submit(sub, &v)
	return v, r
}

// judge takes a tap through tags, session and platform. One that turns out to be another than
// it was when its first URL was read is judged again as what it is.
func (s *Station) judge(v *visit) scan.Record {
	sub, err := s.Tags.Scan(v.tap.URL)
	switch {
	case err != nil && v.rest != nil:
		v.end(s.deadline(v.tap))
		return s.judge(v)
	case v.tap.Reason != "":
		return scan.Record{Seq: v.seq, Outcome: scan.Unreadable, Reason: v.tap.Reason}
	case err != nil:
		return scan.Record{Seq: v.seq, Outcome: scan.Foreign, Reason: foreignReasons[err]}
	}
	sub.Next = v.tap.Second != "" || v.rest != nil && s.OneTap
	return s.submit(sub, v)
}

// deadline is when a tap must have come to something.
func (s *Station) deadline(t reader.Tap) time.Time { return t.Entered.Add(s.Timeout) }

// submit posts the scan in its tag's session, once the reader is done with the tap and the
// journal has it or has kept it waiting for journal.Patience, and keeps what the platform
// says. A tap that comes to anything but the URL that it had is not posted, and judged again.
// It is not cut short by the daemon's end: what was posted has an outcome.
func (s *Station) submit(sub uplink.Scan, v *visit) scan.Record {
	sub.Session = s.carried(sub.Tag)
	written, enough := s.intend(sub, v), time.After(journal.Patience)
	sub.Hold = uplink.NewHold()
	proved, deadline := v.tap, s.deadline(v.tap)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	counts := make(chan bool, 1)
	go func() {
		v.end(deadline)
		if v.tap.Reason != "" || v.tap.URL != proved.URL {
			cancel()
			counts <- false
			return
		}
		counts <- true
		select {
		case <-written:
		case <-enough:
		}
		sub.Hold.Release()
	}()
	res := s.Platform.Submit(ctx, sub, proved.Entered)
	if !<-counts {
		s.contacted()
		return s.judge(v)
	}
	s.answered(sub, res)
	s.contacted()
	if res.Err != nil {
		s.Log.Warn("not answered", zap.String("outcome", string(res.Outcome)), zap.Error(res.Err))
	}
	return scan.Record{
		Seq:            v.seq,
		Outcome:        res.Outcome,
		Reason:         res.Reason,
		Tag:            sub.Tag,
		CarriedSession: sub.Session,
		Session:        res.Verification.Session,
		Verification:   res.Verification.ID,
		HTTPStatus:     res.Status,
		ConnectMS:      scan.Milliseconds(res.Connect),
		AnswerMS:       scan.Milliseconds(res.Answer),
		AgeMS:          res.Verification.Age.Milliseconds(),
		Inserted:       res.Verification.Inserted,
	}
}

// intend has the journal write that the scan may be about to be posted. The channel receives
// when the disk has it, or does not take it.
func (s *Station) intend(sub uplink.Scan, v *visit) (written <-chan error) {
	if v.seq == 0 {
		v.seq = s.Journal.NextSeq()
	}
	return s.Journal.Intend(journal.Intent{
		Seq:        v.seq,
		Boot:       bootID(),
		BoottimeMS: sinceBoot().Milliseconds(),
		Time:       s.Wall().UTC(),
		Synced:     clockSynced(),
		Station:    s.Name,
		Tag:        sub.Tag,
		UID:        v.tap.UID,
		Chip:       string(v.tap.Chip),
		Session:    sub.Session,
		Params:     hashed(sub.Params),
	})
}

func (s *Station) carried(tag string) string {
	s.sessions.Lock()
	defer s.sessions.Unlock()
	return s.Sessions.Carried(tag, sinceBoot())
}

func (s *Station) answered(sub uplink.Scan, res uplink.Result) {
	s.sessions.Lock()
	defer s.sessions.Unlock()
	switch {
	case res.Verification.ID != "":
		s.Sessions.Answered(sub.Tag, session.Report{
			Session: res.Verification.Session,
			Age:     res.Verification.Age,
			Verdict: res.Outcome.Verdict(),
		}, sinceBoot())
	case sub.Session != "" && scan.RefusesSession(res.Status):
		s.Sessions.Refused(sub.Tag)
	}
}

// contacted takes what the last contact with the platform, scan or probe, came to.
func (s *Station) contacted() {
	if date, ok := s.Platform.Date(); ok {
		s.sessions.Lock()
		s.Sessions.Settle(date, sinceBoot())
		s.sessions.Unlock()
	}
	trouble := s.Platform.Trouble()
	code := serviceOfTrouble[trouble]
	if !s.service(code, scan.ServicePlatformUnreachable, scan.ServiceKeyRefused, scan.ServiceClockOrCertificate) {
		return
	}
	if code == scan.ServiceNone {
		s.Log.Info("platform reached")
		return
	}
	s.Log.Error("platform", zap.Int("service_code", int(code)), zap.String("reason", string(trouble)))
}
