// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// A daemonRun is the daemon from its start to its end. A reload that the files
// allow ends the station after the scan in flight, and begins it anew with what they say now: what it
// remembers is in the journal. Any other reload changes nothing.
type daemonRun struct {
	file     string
	log      *zap.Logger
	hup      chan os.Signal
	progress *station.Progress
}

// serve runs the station of cfg, and after each reload that of the new one, until ctx ends.
func (d *daemonRun) serve(ctx context.Context, cfg *config, key uplink.Key) error {
	d.hup = make(chan os.Signal, 1)
	signal.Notify(d.hup, syscall.SIGHUP)
	defer signal.Stop(d.hup)
	d.progress = &station.Progress{}
	fed, starve := context.WithCancel(context.Background())
	var feeding sync.WaitGroup
	feeding.Go(func() { feed(fed, d.progress, d.log) })
	defer feeding.Wait()
	defer starve()
	for {
		next, err := d.once(ctx, cfg, key)
		if err != nil || next == nil {
			return err
		}
		cfg, key = next.cfg, next.key
		d.log.Info("reloaded", zap.Stringer("key", key))
	}
}

// What a reload goes on with.
type reloaded struct {
	cfg *config
	key uplink.Key
}

// once runs one station until ctx ends, or until a reload ends it.
func (d *daemonRun) once(ctx context.Context, cfg *config, key uplink.Key) (next *reloaded, err error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer end()
	notes := make(chan string)
	waiting.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-d.hup:
			}
			reloading()
			cfg, key, problems := load(d.file)
			if len(problems) == 0 {
				next = &reloaded{cfg, key}
				end()
				return
			}
			for _, p := range problems {
				d.log.Error("not reloaded: the old configuration stays", zap.String("problem", p.in(d.file)))
			}
			select {
			case notes <- "; the old configuration stays: " + problems[0].in(d.file):
			case <-ctx.Done():
				return
			}
			notify(daemon.SdNotifyReady)
		}
	})
	err = run(ctx, cfg, key, d.log, d.progress, notes)
	end()
	waiting.Wait()
	if next == nil {
		notify(daemon.SdNotifyStopping)
	}
	return next, err
}
