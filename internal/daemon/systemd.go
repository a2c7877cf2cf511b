// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/station"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// startPause is how long a station that cannot start waits before it ends and systemd starts it
// again: long enough not to fill a card with its messages.
const startPause = 10 * time.Second

// notify tells systemd, if it listens (sd_notify(3)).
func notify(lines ...string) { sdnotify.SdNotify(false, strings.Join(lines, "\n")) }

func underSystemd() bool { return os.Getenv("NOTIFY_SOCKET") != "" }

// statusLine makes the text that systemctl status shows. systemd takes one line of it.
func statusLine(text string) string {
	return "STATUS=" + strings.ReplaceAll(text, "\n", "; ")
}

// notifyReloading tells systemd that READY=1 will come once more. The time lets systemd tell
// this reload's READY=1 from an older one (sd_notify(3), MONOTONIC_USEC).
func notifyReloading() {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	notify(sdnotify.SdNotifyReloading, "STATUS=reloading", fmt.Sprintf("MONOTONIC_USEC=%d", ts.Nano()/1000))
}

// feedWatchdog feeds systemd's watchdog while no loop is late, until ctx ends. Once it stops,
// systemd kills the daemon and starts it again.
func feedWatchdog(ctx context.Context, p *station.Progress, log *zap.Logger) {
	patience, err := sdnotify.SdWatchdogEnabled(false)
	if err != nil || patience == 0 {
		return
	}

	// A third, so that one late turn is no reason to be killed.
	turns := time.NewTicker(patience / 3)
	defer turns.Stop()
	logged := ""
	for {
		late := strings.Join(p.Late(), ", ")
		// Which loop was late stands in the log before systemd kills the daemon.
		if late == "" {
			notify(sdnotify.SdNotifyWatchdog)
		} else if late != logged {
			log.Error("stuck", zap.String("loops", late), zap.Duration("watchdog", patience))
		}
		logged = late

		// Either may win if both are ready: one more message to systemd at the end does no harm.
		select {
		case <-ctx.Done():
			return
		case <-turns.C:
		}
	}
}

// reportStatus keeps the text of systemctl status up to date until ctx ends. It adds the newest of
// notes to it, and stores that note for the status on the socket.
func reportStatus(ctx context.Context, s *station.Station, notes <-chan string, kept *atomic.Value) {
	looks := time.NewTicker(time.Second)
	defer looks.Stop()
	said, note := "", ""
	for {
		// Only changes are sent.
		if text := s.StatusText() + note; text != said {
			said = text
			notify(statusLine(text))
		}

		// A note is shown at once, and not with the next look.
		select {
		case <-ctx.Done():
			return
		case note = <-notes:
			kept.Store(note)
		case <-looks.C:
		}
	}
}

// pauseBeforeExit shows in systemctl status why the station cannot start, and slows systemd's
// restarts down.
func pauseBeforeExit(p config.Problem) {
	if !underSystemd() {
		return
	}

	// SIGHUP ends the pause, too: a person who reloads has mended the file.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	notify(statusLine("cannot start: " + p.String()))

	// Whichever comes first: a signal, or the end of the pause.
	select {
	case <-ctx.Done():
	case <-time.After(startPause):
	}
}
