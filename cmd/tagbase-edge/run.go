// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// smallHeap has Go collect from 1 MiB on and not from 4: what a station holds is less, and a collection takes no longer
// than a poll.
const smallHeap = 25

// smallestHeap is for the reader's process, which holds next to nothing.
const smallestHeap = 10

func runCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the station",
		Long: `Runs the station until it is told to end. A configuration with a problem is refused with the
words of check, and exit status 78. SIGHUP has it read its key again.`,
		Example: `  sudo systemctl start tagbase-edge                     # as it is installed
  tagbase-edge run --config ./config.toml 2>log.json    # by hand`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, key, problems := load(*file)
		if len(problems) > 0 {
			tell(c.ErrOrStderr(), *file, problems)
			return cannotStart(*file, problems)
		}
		debug.SetGCPercent(smallHeap)
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		d := &daemonRun{file: *file, log: newLog(c.ErrOrStderr())}
		return d.serve(ctx, cfg, key)
	}
	return c
}

// self is the program that runs, also when an upgrade has put another in its place:
// the two halves of the reader's protocol are of one version.
const self = "/proc/self/exe"

// run opens all that the station has, tells systemd, and goes on until ctx ends. Each
// of notes stands behind the station's status until the next.
func run(ctx context.Context, cfg *config, key uplink.Key, log *zap.Logger, progress *station.Progress, notes <-chan string) error {
	lamps, err := led.Open(cfg.leds)
	if err != nil {
		log.Error("lamps", zap.Error(err))
	}
	defer lamps.Close()
	clock := openClock(cfg.station.stateDir, log)
	clock.progress = progress
	platform := uplink.NewPlatform(uplink.Config{
		Base:   cfg.platform.base,
		Key:    key,
		Roots:  cfg.platform.roots,
		Clock:  clock.Clock,
		Reload: cfg.key,
		Log:    attempts{log},
	})
	past := openJournal(cfg, log)
	s := &station.Station{
		Name:     cfg.station.name,
		Tags:     cfg.tags.parsed,
		Platform: platform,
		Sessions: session.New(cfg.session.window, cfg.session.carry),
		Journal:  past.Journal,
		Lamps:    lamps,
		Log:      log,
		OneTap:   cfg.reader.liveness == reader.OneTap,
		Timeout:  cfg.platform.timeout,
		Wall:     time.Now,
		Progress: progress,
		Feed:     api.NewFeed(),
	}
	s.Remember(past.Scans)
	process := &reader.Supervisor{
		Path:    self,
		Command: []string{os.Args[0], "reader", cfg.reader.device, string(cfg.reader.liveness)},
		Resting: station.Resting(past.Scans),
		Turn:    func() { progress.Within(station.LoopReader, readerTurn) },
	}
	if cfg.reader.resetGPIO != "" {
		open := led.Opener(cfg.reader.resetGPIO, true)
		process.Reset = func() (reader.ResetLine, error) { return open() }
	}

	log.Info("start",
		zap.String("version", buildinfo.Version()),
		zap.String("reader", cfg.reader.device),
		zap.Stringer("platform", cfg.platform.base),
		zap.Stringer("key", key))
	notify(daemon.SdNotifyReady)

	events := make(chan reader.Event)
	var loops sync.WaitGroup
	loops.Go(func() {
		defer progress.Over(station.LoopReader)
		process.Run(ctx, events)
	})
	loops.Go(func() { clock.keep(ctx) })
	var note atomic.Value
	loops.Go(func() { say(ctx, s, notes, &note) })
	countStart(cfg.station.stateDir)
	answers := &answering{cfg: cfg, station: s, log: log, note: &note}
	loops.Go(func() { answers.serve(ctx) })
	s.Run(ctx, events)
	loops.Wait()
	if err := past.Close(); err != nil {
		log.Error("storage", zap.Error(err))
	}
	log.Info("stop")
	return nil
}

// A kept journal and what it held when it was opened.
type keptJournal struct {
	*journal.Journal
	journal.Past
}

func openJournal(cfg *config, log *zap.Logger) keptJournal {
	j, past := journal.Open(journalDir(cfg), journal.Options{})
	log.Info("journal",
		zap.Int("scans", len(past.Scans)),
		zap.Int("unknown", past.Recovered),
		zap.Uint64("skipped", j.Counts().Skipped))
	return keptJournal{j, past}
}
