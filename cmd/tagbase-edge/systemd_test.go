// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
)

// A fakeSystemd starts the station, and listens for its notifications.
type fakeSystemd struct {
	*testing.T
	bench  *sim.Bench
	config string
	said   chan string // each line of each notification
	cmd    *exec.Cmd
	log    bytes.Buffer
}

func newFakeSystemd(t *testing.T) *fakeSystemd {
	t.Helper()
	r := newTestStation(t, "simulated", "", nil)
	return &fakeSystemd{T: t, bench: r.bench, config: r.config, said: make(chan string, 1000)}
}

func startUnderSystemd(t *testing.T, watchdog time.Duration) *fakeSystemd {
	t.Helper()
	s := newFakeSystemd(t)
	s.launch(watchdog)
	return s
}

func (s *fakeSystemd) launch(watchdog time.Duration) {
	s.Helper()
	socket := filepath.Join(s.bench.Dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		s.Fatal(err)
	}

	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}

			for line := range strings.Lines(string(b[:n]) + "\n") {
				if line = strings.TrimSpace(line); line != "" {
					s.said <- line
				}
			}
		}
	}()

	s.cmd = exec.Command("tagbase-edge", "run", "--config", s.config)
	s.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	s.cmd.Stderr = &s.log
	if err := s.cmd.Start(); err != nil {
		s.Fatal(err)
	}

	s.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		conn.Close()
	})
}

// await waits until notifications have held all of texts, in any order.
func (s *fakeSystemd) await(texts ...string) {
	s.Helper()
	late := time.After(await.Patience)

	var heard []string
	for len(texts) > 0 {
		select {
		case line := <-s.said:
			heard = append(heard, line)
			texts = slices.DeleteFunc(texts, func(text string) bool { return strings.Contains(line, text) })
		case <-late:
			s.Fatalf("%q is never said, but %q", texts, heard)
		}
	}
}

// READY=1 means configuration, journal and lamps; reader and platform may come later, and STATUS= says so.
func TestSystemdIsToldReadyAndStopping(t *testing.T) {
	t.Parallel()
	s := startUnderSystemd(t, time.Hour)
	s.await("READY=1")
	s.await("STATUS=reader ready")
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.await("STOPPING=1")
	if err := s.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestSystemdIsToldOfReloads(t *testing.T) {
	t.Parallel()
	s := startUnderSystemd(t, time.Hour)
	s.await("STATUS=reader ready")
	s.cmd.Process.Signal(syscall.SIGHUP)
	s.await("RELOADING=1")
	s.await("MONOTONIC_USEC=")
	s.await("READY=1")
	s.await("STATUS=reader ready")

	good, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}

	os.WriteFile(s.config, append(good, "[nonsense]\n"...), 0o600)
	s.cmd.Process.Signal(syscall.SIGHUP)
	s.await("RELOADING=1")

	// One goroutine says that the reload is over, another one how the station is.
	s.await("READY=1", "the old configuration stays: "+s.config+":")
}

// A station that has nothing to do feeds the watchdog; one of whose loops is stuck does not.
func TestWatchdogIsFedWhileNothingHappens(t *testing.T) {
	t.Parallel()
	s := startUnderSystemd(t, 3*time.Second)
	s.await("STATUS=reader ready")
	for range 4 {
		s.await("WATCHDOG=1")
	}
}

// A station that cannot start says so where systemctl status shows it, and ends with 78 after a pause, which
// SIGTERM ends.
func TestBadConfigurationIsShownAndDelaysTheExit(t *testing.T) {
	t.Parallel()
	s := newFakeSystemd(t)
	s.config = filepath.Join(s.bench.Dir, "none.toml")
	s.launch(time.Hour)
	s.await("STATUS=cannot start: " + s.config + ":1:1: file:")
	s.cmd.Process.Signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // half of the pause
	defer cancel()

	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }() // the cleanup kills the process

	var exit *exec.ExitError
	select {
	case err := <-ended:
		if !errors.As(err, &exit) || exit.ExitCode() != exitConfig {
			t.Errorf("it ended with %v", err)
		}
	case <-ctx.Done():
		t.Error("SIGTERM does not end the wait")
	}
}
