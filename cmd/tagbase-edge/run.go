// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
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
		Args:  cobra.NoArgs,
	}
	file := configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, problems := loadConfig(*file)
		var key uplink.Key
		if len(problems) == 0 {
			var err error
			if key, err = cfg.key(); err != nil {
				problems = append(problems, problem{place{1, 1}, "platform.key_file", err.Error()})
			}
		}
		if len(problems) > 0 {
			tell(c.ErrOrStderr(), *file, problems)
			return exitError(exitConfig)
		}
		debug.SetGCPercent(smallHeap)
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return run(ctx, cfg, key, newLog(c.ErrOrStderr()))
	}
	return c
}

// run opens all that the station has, tells systemd, and goes on until ctx ends.
func run(ctx context.Context, cfg *config, key uplink.Key, log *zap.Logger) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	lamps, err := led.Open(cfg.leds)
	if err != nil {
		log.Error("lamps", zap.Error(err))
	}
	defer lamps.Close()
	clock := openClock(cfg.station.stateDir, log)
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
		Timeout:  cfg.platform.timeout,
		Wall:     time.Now,
	}
	s.Remember(past.Scans)
	process := &reader.Process{
		Command: []string{program, "reader", cfg.reader.device, string(cfg.reader.liveness)},
		Resting: station.Resting(past.Scans),
	}
	if cfg.reader.resetGPIO != "" {
		open := led.Opener(cfg.reader.resetGPIO, true)
		process.Reset = func() (reader.ResetLine, error) { return open() }
	}

	log.Info("start",
		zap.String("version", version),
		zap.String("reader", cfg.reader.device),
		zap.Stringer("platform", cfg.platform.base),
		zap.Stringer("key", key))
	daemon.SdNotify(false, daemon.SdNotifyReady)

	events := make(chan reader.Event)
	var loops sync.WaitGroup
	loops.Go(func() { process.Run(ctx, events) })
	loops.Go(func() { clock.keep(ctx) })
	loops.Go(func() { takeNewKeys(ctx, cfg, platform, log) })
	s.Run(ctx, events)
	daemon.SdNotify(false, daemon.SdNotifyStopping)
	loops.Wait()
	if err := past.Close(); err != nil {
		log.Error("storage", zap.Error(err))
	}
	log.Info("stop")
	return nil
}

// takeNewKeys reads the key again at each SIGHUP.
func takeNewKeys(ctx context.Context, cfg *config, platform *uplink.Platform, log *zap.Logger) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			key, err := cfg.key()
			if err != nil {
				log.Error("the key is kept as it was", zap.Error(err))
				continue
			}
			platform.SetKey(key)
			log.Info("key read again", zap.Stringer("key", key))
		}
	}
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
