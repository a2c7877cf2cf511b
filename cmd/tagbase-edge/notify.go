// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/tagbase/tagbase-edge/station"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

const (
	readerTurn = 10 * time.Second // silence of a child, its end, and the reset line

	// settle is how long a station that cannot start waits before it ends, and systemd
	// starts it anew: long enough not to fill a card with its words.
	settle = 10 * time.Second
)

// notify tells systemd, if it listens.
func notify(lines ...string) { daemon.SdNotify(false, strings.Join(lines, "\n")) }

func underSystemd() bool { return os.Getenv("NOTIFY_SOCKET") != "" }

// statusLine is words for systemctl status, of which systemd takes one line.
func statusLine(words string) string {
	return "STATUS=" + strings.ReplaceAll(words, "\n", "; ")
}

// reloading tells systemd that READY=1 will come once more (sd_notify(3)).
func reloading() {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	notify(daemon.SdNotifyReloading, "STATUS=reloading", fmt.Sprintf("MONOTONIC_USEC=%d", ts.Nano()/1000))
}

// feed feeds systemd's watchdog for as long as no loop is late, until ctx ends.
func feed(ctx context.Context, p *station.Progress, log *zap.Logger) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return
	}
	meals := time.NewTicker(every / 3)
	defer meals.Stop()
	told := ""
	for {
		late := strings.Join(p.Late(), ", ")
		if late == "" {
			notify(daemon.SdNotifyWatchdog)
		} else if late != told {
			log.Error("stuck", zap.String("loops", late), zap.Duration("watchdog", every))
		}
		told = late
		select {
		case <-ctx.Done():
			return
		case <-meals.C:
		}
	}
}

// say keeps systemctl status up to date until ctx ends, with the newest of notes behind it,
// which it keeps for the status.
func say(ctx context.Context, s *station.Station, notes <-chan string, kept *atomic.Value) {
	looks := time.NewTicker(time.Second)
	defer looks.Stop()
	said, note := "", ""
	for {
		if words := s.Words() + note; words != said {
			said = words
			notify(statusLine(words))
		}
		select {
		case <-ctx.Done():
			return
		case note = <-notes:
			kept.Store(note)
		case <-looks.C:
		}
	}
}

// cannotStart says why, and gives systemd pause. What mends it may be a start or a file.
func cannotStart(file string, problems []problem) error {
	if underSystemd() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		notify(statusLine("cannot start: " + problems[0].in(file)))
		select {
		case <-ctx.Done():
		case <-time.After(settle):
		}
	}
	return exitError(exitConfig)
}

// load reads the configuration and the key, and takes the state directory.
func load(file string) (*config, uplink.Key, []problem) {
	cfg, problems := loadConfig(file)
	if len(problems) > 0 {
		return nil, uplink.Key{}, problems
	}
	key, err := cfg.key()
	if err != nil {
		return nil, uplink.Key{}, []problem{{place{1, 1}, "platform.key_file", err.Error()}}
	}
	if err := claim(cfg.station.stateDir); err != nil {
		return nil, uplink.Key{}, []problem{{place{1, 1}, "station.state_dir", err.Error()}}
	}
	return cfg, key, nil
}
