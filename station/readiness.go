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
	told  time.Time // when code was
	times int       // it failed since then
	quiet bool      // the newest failure was counted only
}

func (s *Station) readerReady() {
	s.readied.Store(true)
	s.services.change(s.Lamps, noService, readerMissing, readerSilent)
	if !s.reader.quiet {
		s.Log.Info("reader ready")
	}
	s.reader.quiet = false
}

func (s *Station) readerFault(e reader.Event) {
	code := readerSilent
	if e.Missing {
		code = readerMissing
	}
	s.services.change(s.Lamps, code, readerMissing, readerSilent)
	r := &s.reader
	r.times++
	if r.quiet = code == r.code && time.Since(r.told) < reminder; r.quiet {
		return
	}
	s.Log.Error("reader", zap.Int("service_code", int(code)), zap.Int("times", r.times), zap.Error(e.Err))
	*r = readiness{code: code, told: time.Now()}
}
