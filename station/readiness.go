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

// A readiness is what the log knows of the reader. A reader that fails, or comes
// and goes, is told of at once and then once a minute with a count, for either code.
type readiness struct {
	codes map[scan.ServiceCode]*failure
	down  bool // it fails now
	told  bool // the log knows that
}

type failure struct {
	told  time.Time
	times int // since then
}

func (s *Station) readerReady() {
	s.now.met(nil)
	s.service(scan.ServiceNone, scan.ServiceReaderNotFound, scan.ServiceReaderSilent)
	r := &s.reader
	if r.told || !r.down {
		s.Log.Info("reader ready")
	}
	r.down, r.told = false, false
}

func (s *Station) readerFault(e reader.Event) {
	code := scan.ServiceReaderSilent
	if e.Missing {
		code = scan.ServiceReaderNotFound
	}
	s.now.met(e.Err)
	s.service(code, scan.ServiceReaderNotFound, scan.ServiceReaderSilent)
	r := &s.reader
	r.down = true
	f := r.codes[code]
	if f == nil {
		if r.codes == nil {
			r.codes = make(map[scan.ServiceCode]*failure)
		}
		f = &failure{}
		r.codes[code] = f
	}
	f.times++
	if time.Since(f.told) < reminder {
		return
	}
	s.Log.Error("reader", zap.Int("service_code", int(code)), zap.Int("times", f.times), zap.Error(e.Err))
	*f = failure{told: time.Now()}
	r.told = true
}

// nowReader is the reader as it is, for whoever asks.
type nowReader struct{ atomic.Pointer[api.Reader] }

// met takes the reader's readiness, or its fault.
func (n *nowReader) met(fault error) {
	var next api.Reader
	last := n.Load()
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
	n.Store(&next)
}
