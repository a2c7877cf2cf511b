// SPDX-License-Identifier: Apache-2.0

package station

import (
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"go.uber.org/zap"
)

// A readiness is what the log knows of the reader. A reader that fails, or comes
// and goes, is told of at once and then once a minute with a count.
type readiness struct {
	code  serviceCode
	at    time.Time // when code was told
	times int       // it failed since then
	down  bool      // it fails now
	told  bool      // the log knows that
}

func (s *Station) readerReady() {
	s.readied.Store(true)
	s.services.change(s.Lamps, noService, readerMissing, readerSilent)
	r := &s.reader
	if r.told || !r.down {
		s.Log.Info("reader ready")
	}
	r.down, r.told = false, false
}

func (s *Station) readerFault(e reader.Event) {
	code := readerSilent
	if e.Missing {
		code = readerMissing
	}
	s.services.change(s.Lamps, code, readerMissing, readerSilent)
	r := &s.reader
	r.down = true
	r.times++
	if code == r.code && time.Since(r.at) < reminder {
		return
	}
	s.Log.Error("reader", zap.Int("service_code", int(code)), zap.Int("times", r.times), zap.Error(e.Err))
	*r = readiness{code: code, at: time.Now(), down: true, told: true}
}
