// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/internal/atomicfile"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

const (
	clockLook = time.Minute // between looks at the floor
	clockStep = time.Hour   // by which it must have risen to be written: 24 writes a day on the card
)

// A keptClock remembers the latest time that the platform is known to have
// reached, for a board that starts without one.
type keptClock struct {
	*uplink.Clock
	file string
	kept time.Time
	log  *zap.Logger

	progress *station.Progress
}

const loopClock = "clock"

// openClock makes a clock of the build's time and the one kept in dir. Nothing in
// the file can stop the start.
func openClock(dir string, log *zap.Logger) *keptClock {
	c := &keptClock{file: filepath.Join(dir, "clock"), log: log}
	b, err := readFile(c.file)
	if err == nil {
		c.kept, err = parseKept(string(b))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("the time that was kept is not used", zap.String("file", c.file), zap.Error(err))
	}
	c.Clock = uplink.NewClock(time.Now, buildinfo.Time(), c.kept)
	if behind := time.Until(c.Floor()); behind > 0 {
		log.Warn("the board's clock is behind; certificates are checked by a later time that is known to have passed",
			zap.Time("known", c.Floor()), zap.Duration("behind", behind), zap.String("file", c.file))
	}
	return c
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errKept    = errors.New("it is damaged")
)

// formatKept writes a CRC-32C and the time: one flipped bit in the year would
// make every certificate invalid.
func formatKept(t time.Time) []byte {
	text := t.UTC().Format(time.RFC3339)
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum([]byte(text), castagnoli), text)
}

func parseKept(line string) (time.Time, error) {
	_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || string(formatKept(t)) != line {
		return time.Time{}, errKept
	}
	return t, nil
}

// keep writes the floor whenever it has risen enough, until ctx ends.
func (c *keptClock) keep(ctx context.Context) {
	look := time.NewTicker(clockLook)
	defer look.Stop()
	failed := false
	defer c.progress.Over(loopClock)
	for {
		last := false
		c.progress.Within(loopClock, clockLook+station.Stall)
		select {
		case <-ctx.Done():
			last = true
		case <-look.C:
		}
		if floor := c.Floor(); floor.Sub(c.kept) >= clockStep {
			c.progress.Over(loopClock) // the disk's time is not ours
			err := os.MkdirAll(filepath.Dir(c.file), 0o750)
			if err == nil {
				err = atomicfile.Write(c.file, formatKept(floor), 0o640)
			}
			if err == nil {
				c.kept = floor
			} else if !failed {
				c.log.Warn("the time cannot be kept", zap.Error(err))
			}
			failed = err != nil
		}
		if last {
			return
		}
	}
}
