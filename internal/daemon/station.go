// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/reader/supervisor"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// runStation opens all that a station has, tells systemd that it is ready, and serves taps until
// ctx ends. Each of notes is shown behind the station's status until the next one comes.
func (d *daemon) runStation(ctx context.Context, set *settings, notes <-chan string) {
	lamps, err := led.Open(set.Lamps)
	if err != nil {
		d.log.Error("lamps", zap.Error(err)) // the station works without them, and tries again
	}
	defer lamps.Close()

	// The journal is read before the station exists: it says which sessions are open, and which tag
	// may still lie on the reader.
	clock := openClock(set.Station.StateDir, d.log)
	clock.progress = d.progress
	records, past := d.openJournal(set.Config)
	s := &station.Station{
		Name:     set.Station.Name,
		Tags:     set.Tags,
		Platform: d.newPlatform(set, clock),
		Sessions: session.New(set.Session.Window, set.Session.Carry),
		Journal:  records,
		Lamps:    lamps,
		Log:      d.log,
		OneTap:   set.Reader.Liveness == reader.OneTap,
		Timeout:  set.Platform.Timeout,
		Wall:     time.Now,
		Progress: d.progress,
		Feed:     api.NewFeed(),
	}
	s.Restore(past.Scans)
	tags := d.newReader(set.Config, station.RestingTag(past.Scans))

	// From here on a tap is served. Reader and platform may come later.
	d.log.Info("start",
		zap.String("version", buildinfo.Version()),
		zap.String("reader", set.Reader.Device),
		zap.Stringer("platform", set.Platform.BaseURL),
		zap.Stringer("key", set.key))
	notify(sdnotify.SdNotifyReady)

	// Each loop ends with ctx. The station outlives ctx by the scan in flight, and the loops are
	// waited for after it.
	events := make(chan reader.Event)
	var note atomic.Value // string: the newest of notes
	var loops sync.WaitGroup
	loops.Go(func() {
		defer d.progress.Over(station.LoopReader)
		tags.Run(ctx, events)
	})
	loops.Go(func() { clock.keep(ctx) })
	loops.Go(func() { reportStatus(ctx, s, notes, &note) })
	answers := &server{daemon: d, config: set.Config, station: s, note: &note}
	loops.Go(func() { answers.serve(ctx) })
	s.Run(ctx, events)
	loops.Wait()

	// Nothing writes any more.
	if err := records.Close(); err != nil {
		d.log.Error("storage", zap.Error(err))
	}
	d.log.Info("stop")
}

func (d *daemon) newPlatform(set *settings, clock *keptClock) *uplink.Platform {
	return uplink.NewPlatform(uplink.Config{
		Base:   set.Platform.BaseURL,
		Key:    set.key,
		Roots:  set.Platform.Roots,
		Clock:  clock.Clock,
		Reload: set.Config.Key,
	})
}

// openJournal opens the journal and returns what it held. It cannot fail: a bad disk is
// reported in the journal's own counts.
func (d *daemon) openJournal(cfg *config.Config) (*journal.Journal, journal.Past) {
	j, past := journal.Open(cfg.JournalDir(), journal.Options{})
	d.log.Info("journal",
		zap.Int("scans", len(past.Scans)),
		zap.Int("unknown", past.Recovered),
		zap.Uint64("skipped", j.Counts().Skipped))
	return j, past
}

// self is the program that runs, even after an upgrade has replaced its file: both ends of the
// reader's protocol are of one version.
const self = "/proc/self/exe"

// readerTurn is the longest time between two signs of life of the loop that supervises the reader's
// process: the child's silence, its end, and the pulse on the reset line.
const readerTurn = 10 * time.Second

// newReader prepares the process that reads tags. resting is the UID of the tag that may still
// lie on the reader from before, or "".
func (d *daemon) newReader(cfg *config.Config, resting string) *supervisor.Supervisor {
	p := &supervisor.Supervisor{
		Path:    self,
		Command: []string{os.Args[0], "reader", cfg.Reader.Device, string(cfg.Reader.Liveness)},
		Resting: resting,
		Turn:    func() { d.progress.Within(station.LoopReader, readerTurn) },
	}
	if cfg.Reader.ResetGPIO != "" {
		open := led.Opener(cfg.Reader.ResetGPIO, true) // RSTPDN resets the PN532 while it is low
		p.Reset = func() (supervisor.ResetLine, error) { return open() }
	}
	return p
}
