// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/tagbase/tagbase-edge/scan"

	"go.uber.org/zap"
)

const (
	upkeep   = time.Second // between looks at the disk and the lamps
	reminder = time.Minute // between reminders of what still fails
	lull     = 3 * time.Second
	stale    = time.Minute
)

// An ailment is something of the station's own that may fail, and when that was
// last told.
type ailment struct {
	what string
	code scan.ServiceCode
	told time.Time // zero: all is well
}

// keepUp tells of a disk or a lamp that fails: at once, then each minute, and when
// it is mended.
func (s *Station) keepUp(ctx context.Context) {
	look := time.NewTicker(upkeep)
	defer look.Stop()
	disk, lamps := &ailment{what: "storage", code: scan.ServiceStorage}, &ailment{what: "lamps", code: scan.ServiceLamps}
	defer s.Progress.Over(loopUpkeep)
	defer s.Progress.Over(loopLamps)
	var tidied collection
	for {
		s.Progress.Within(loopUpkeep, Stall)
		s.noteLamps(s.Lamps)
		s.steps.look(s.Wall(), sinceBoot())
		counts := s.Journal.Counts()
		s.tell(disk, s.Journal.Err(), zap.Int("held_lines", counts.Held), zap.Uint64("lost_lines", counts.Lost))
		s.tell(lamps, s.Lamps.Err())
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		tidied = s.tidy(tidied)
	}
}

// A collection is when garbage was last collected: after which tap, and when.
type collection struct{ after, at time.Time }

// tidy collects once after each tap, and each minute, when nobody waits: garbage is not
// collected in the next tap, and the board has its memory back.
func (s *Station) tidy(last collection) collection {
	s.mu.Lock()
	finished := s.finished
	s.mu.Unlock()
	if time.Since(finished) < lull || finished == last.after && time.Since(last.at) < stale {
		return last
	}
	debug.FreeOSMemory()
	return collection{finished, time.Now()}
}

func (s *Station) tell(a *ailment, err error, fields ...zap.Field) {
	switch {
	case err != nil && time.Since(a.told) >= reminder:
		a.told = time.Now()
		s.service(a.code)
		s.Log.Error(a.what, append(fields, zap.Int("service_code", int(a.code)), zap.Error(err))...)
	case err == nil && !a.told.IsZero():
		a.told = time.Time{}
		s.service(scan.ServiceNone, a.code)
		s.Log.Info(a.what+" mended", fields...)
	}
}
