// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/clockfile"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

const (
	clockLook = time.Minute // between looks at the floor
	clockStep = time.Hour   // by which it must have risen to be written: 24 writes a day on the card
)

// A keptClock is the platform's clock as a station knows it, whose latest known time outlives
// the process: a board may start without a time of its own.
type keptClock struct {
	*uplink.Clock
	dir      string
	kept     time.Time // what the file holds
	log      *zap.Logger
	progress *station.Progress
}

const loopClock = "clock"

// openClock makes a clock of the time of the build and the one kept in dir. Nothing in the file
// can stop the start.
func openClock(dir string, log *zap.Logger) *keptClock {
	c := &keptClock{dir: dir, log: log}
	var err error
	if c.kept, err = clockfile.Read(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("the time that was kept is not used", zap.String("file", clockfile.Path(dir)), zap.Error(err))
	}

	c.Clock = uplink.NewClock(time.Now, buildinfo.Time(), c.kept)
	if behind := time.Until(c.Floor()); behind > 0 {
		log.Warn("the board's clock is behind; certificates are checked by a later time that is known to have passed",
			zap.Time("known", c.Floor()), zap.Duration("behind", behind), zap.String("file", clockfile.Path(dir)))
	}
	return c
}

// keep writes the floor whenever it has risen enough, until ctx ends.
func (c *keptClock) keep(ctx context.Context) {
	look := time.NewTicker(clockLook)
	defer look.Stop()
	defer c.progress.Over(loopClock)

	failed := false // so that a disk that stays bad is logged once
	for last := false; !last; {
		// Once ctx has ended there is one more look, for what has risen since the last one.
		c.progress.Within(loopClock, clockLook+station.Stall)
		select {
		case <-ctx.Done():
			last = true
		case <-look.C:
		}

		floor := c.Floor()
		if floor.Sub(c.kept) < clockStep {
			continue
		}

		// While the disk is at work this loop is not late: a new process would not mend the disk.
		c.progress.Over(loopClock)
		err := clockfile.Write(c.dir, floor)
		if err == nil {
			c.kept = floor
		} else if !failed {
			c.log.Warn("the time cannot be kept", zap.Error(err))
		}
		failed = err != nil
	}
}
