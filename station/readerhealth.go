// SPDX-License-Identifier: Apache-2.0

package station

import (
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	"go.uber.org/zap"
)

// A readerLog is what the log knows about the reader. A reader that fails, or comes and goes, is
// logged at once and then once a minute with a count, separately for each service code.
type readerLog struct {
	faults map[scan.ServiceCode]*faultCount
	down   bool // it fails now
	logged bool // the log says that it fails
}

// A faultCount counts the faults of one kind between two lines of the log.
type faultCount struct {
	logged time.Time
	times  int // since then
}

// readerReady takes the news that the reader answers.
func (s *Station) readerReady() {
	s.readerView.update(nil)
	s.setService(scan.ServiceNone, scan.ServiceReaderNotFound, scan.ServiceReaderSilent)

	// A fault that the log does not have needs no end in the log either.
	l := &s.readerLog
	if l.logged || !l.down {
		s.Log.Info("reader ready")
	}
	l.down, l.logged = false, false
}

// readerFault takes the news that the reader cannot be used.
func (s *Station) readerFault(e reader.Event) {
	code := scan.ServiceReaderSilent
	if e.Missing {
		code = scan.ServiceReaderNotFound
	}
	s.readerView.update(e.Err)
	s.setService(code, scan.ServiceReaderNotFound, scan.ServiceReaderSilent)

	l := &s.readerLog
	l.down = true
	f := l.faults[code]
	if f == nil {
		if l.faults == nil {
			l.faults = make(map[scan.ServiceCode]*faultCount)
		}
		f = &faultCount{}
		l.faults[code] = f
	}
	f.times++
	if time.Since(f.logged) < remindEvery {
		return
	}

	s.Log.Error("reader", zap.Int("service_code", int(code)), zap.Int("times", f.times), zap.Error(e.Err))
	*f = faultCount{logged: time.Now()}
	l.logged = true
}

// A readerView is the reader as status shows it; nil before its first word. receive updates it,
// and any goroutine may read it.
type readerView struct {
	atomic.Pointer[api.ReaderStatus]
	since atomic.Pointer[time.Time] // since when something lies on the reader; nil or zero if nothing does

	haltFails atomic.Bool // the reader wakes tags that it has put to HALT, or has done so since the daemon's start
}

// rests takes the news that something has lain on the reader since then, or nothing any more (zero).
func (r *readerView) rests(since time.Time) { r.since.Store(&since) }

// resting is how long something has lain on the reader.
func (r *readerView) resting() time.Duration {
	since := r.since.Load()
	if since == nil || since.IsZero() {
		return 0
	}
	return time.Since(*since)
}

// noteHalt takes the news of whether the reader can look past a tag. A reader that cannot is logged once.
func (s *Station) noteHalt(fails bool) {
	if fails && !s.readerView.haltFails.Swap(true) {
		s.Log.Warn("the reader wakes tags that it has put to HALT: of two tags at once it may see only one")
	}
}

// noteResting logs once that something lies on the reader for so long that it was forgotten there, and once
// that it has gone.
func (s *Station) noteResting(logged bool) bool {
	blocked := s.readerView.resting() >= api.RestsTooLong
	switch {
	case blocked && !logged:
		s.Log.Warn("something lies on the reader; every tap behind it is refused")
	case logged && !blocked:
		s.Log.Info("nothing lies on the reader any more")
	}
	return blocked
}

// update takes the reader's fault, or nil if it answers.
func (r *readerView) update(fault error) {
	var next api.ReaderStatus
	last := r.Load()
	if last != nil {
		next = *last
	}

	if fault != nil {
		next.Up, next.Error = false, fault.Error()
	} else {
		if last != nil && !last.Up {
			next.Reopens++
		}
		next.Up, next.Error = true, ""
	}

	r.Store(&next)
}
