// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// smallHeap makes Go collect garbage from 1 MiB on and not from 4 MiB: a station holds less than
// that. With it and smallestHeap, both processes together take 16.3 MB of memory after 20 taps
// instead of 18.1 MB (proportional, tagbase-perf). The aim is 20 MB, also after years of taps, and
// 18.1 after the first twenty leaves too little of that.
const smallHeap = 25

// A daemon is the process from its start to its end.
type daemon struct {
	file     string
	log      *zap.Logger
	started  time.Time // a reload is not a start
	progress *station.Progress
	lock     *stateLock
	reload   chan os.Signal
}

// settings are what the files say at one time.
type settings struct {
	*config.Config
	key uplink.Key
}

// Run runs the station of a configuration until SIGTERM or SIGINT, and writes its log to w. If
// it cannot start, it prints the problems to w instead, and returns them after a pause.
func Run(file string, w io.Writer) (problems []config.Problem) {
	d := &daemon{
		file:     file,
		log:      newLog(w),
		started:  time.Now(),
		progress: &station.Progress{},
		lock:     &stateLock{},
		reload:   make(chan os.Signal, 1),
	}

	set, problems := d.load()
	if len(problems) > 0 {
		config.Print(w, problems)
		pauseBeforeExit(problems[0])
		return problems
	}

	debug.SetGCPercent(smallHeap)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d.serve(ctx, set)
	return nil
}

// load reads the configuration and the key, and locks the state directory.
func (d *daemon) load() (*settings, []config.Problem) {
	cfg, problems := config.Load(d.file)
	if len(problems) > 0 {
		return nil, problems
	}

	key, err := cfg.Key()
	if err != nil {
		return nil, []config.Problem{cfg.Problem("platform.key_file", err.Error())}
	}

	if err := d.lock.take(cfg.Station.StateDir); err != nil {
		return nil, []config.Problem{cfg.Problem("station.state_dir", err.Error())}
	}
	return &settings{cfg, key}, nil
}

// serve runs one station after another, each with the settings of the last reload, until ctx
// ends.
func (d *daemon) serve(ctx context.Context, set *settings) {
	signal.Notify(d.reload, syscall.SIGHUP)
	defer signal.Stop(d.reload)

	// The watchdog is fed across reloads and during shutdown, so it does not end with ctx.
	feeding, stopFeeding := context.WithCancel(context.Background())
	var feeder sync.WaitGroup
	feeder.Go(func() { feedWatchdog(feeding, d.progress, d.log) })
	defer feeder.Wait()
	defer stopFeeding()

	for set != nil {
		if set = d.runUntilReload(ctx, set); set != nil {
			d.log.Info("reloaded", zap.Stringer("key", set.key))
		}
	}
}
