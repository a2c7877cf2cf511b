// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"sync"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

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
			var bad *problem
			if key, bad = cfg.key(); bad != nil {
				problems = append(problems, *bad)
			}
		}
		if len(problems) > 0 {
			tell(c.ErrOrStderr(), *file, problems)
			return exitError(exitConfig)
		}
		return run(c.Context(), cfg, key, newLog(c.ErrOrStderr()))
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
	s := &station.Station{
		Name:     cfg.station.name,
		Tags:     cfg.tags.parsed,
		Platform: uplink.NewPlatform(cfg.platform.base, key, cfg.platform.roots),
		Sessions: session.New(cfg.session.window, cfg.session.carry),
		Lamps:    lamps,
		Log:      log,
		Timeout:  cfg.platform.timeout,
	}
	process := &reader.Process{Command: []string{program, "reader", cfg.reader.device}}

	log.Info("start",
		zap.String("version", version),
		zap.String("reader", cfg.reader.device),
		zap.Stringer("platform", cfg.platform.base),
		zap.Stringer("key", key))
	daemon.SdNotify(false, daemon.SdNotifyReady)

	events := make(chan reader.Event)
	var reading sync.WaitGroup
	reading.Go(func() { process.Run(ctx, events) })
	s.Run(ctx, events)
	daemon.SdNotify(false, daemon.SdNotifyStopping)
	reading.Wait()
	log.Info("stop")
	return nil
}
