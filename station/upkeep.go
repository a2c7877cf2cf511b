// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	"go.uber.org/zap"
)

const (
	upkeepEvery = time.Second // between looks at the disk and the lamps
	remindEvery = time.Minute // between log lines about what still fails
)

// A concern is a part of the station itself that may fail, and when the log last said so.
type concern struct {
	name   string // in the log
	again  string // what the log adds to the name once it works again
	code   scan.ServiceCode
	logged time.Time // zero: all is well
}

// keepUp looks at disk and lamps until ctx ends. It logs one that fails at once, then every minute,
// and when it works again.
func (s *Station) keepUp(ctx context.Context) {
	look := time.NewTicker(upkeepEvery)
	defer look.Stop()
	defer s.Progress.Over(loopUpkeep)
	defer s.Progress.Over(loopLamps)

	disk := &concern{name: "storage", again: " works again", code: scan.ServiceStorage}
	lamps := &concern{name: "lamps", again: " work again", code: scan.ServiceLamps}
	restingLogged := false
	for {
		s.Progress.Within(loopUpkeep, Stall)
		restingLogged = s.noteResting(restingLogged)
		s.noteLamps(s.Lamps)

		counts := s.Journal.Counts()
		s.note(disk, s.Journal.Err(), zap.Int("held_lines", counts.Held), zap.Uint64("lost_lines", counts.Lost))
		s.note(lamps, s.Lamps.Err())

		// ctx ends with the station. One more look at its end does no harm.
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// note takes the state of a concern: what is wrong with it, or nil.
func (s *Station) note(c *concern, err error, fields ...zap.Field) {
	switch {
	case err != nil && time.Since(c.logged) >= remindEvery:
		c.logged = time.Now()
		s.setService(c.code)
		s.Log.Error(c.name, append(fields, zap.Int("service_code", int(c.code)), zap.Error(err))...)
	case err == nil && !c.logged.IsZero():
		c.logged = time.Time{}
		s.setService(scan.ServiceNone, c.code)
		s.Log.Info(c.name+c.again, fields...)
	}
}
