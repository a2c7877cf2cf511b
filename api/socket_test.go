// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/tagbase/tagbase-edge/internal/await"
)

// The socket admits the daemon's user and group, and Close removes it.
func TestSocketHasItsModeAndGoesWithTheDaemon(t *testing.T) {
	r := newTestStation(t)

	info, err := os.Stat(r.path)
	if err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	s, raw, err := NewClient(r.path).Status(t.Context())
	if err != nil || s.Station != "rig" || len(raw) == 0 {
		t.Errorf("%+v, %v", s, err)
	}

	path := filepath.Join(t.TempDir(), "gone.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}

	l.Close()
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if _, _, err := NewClient(path).Status(t.Context()); !errors.Is(err, ErrNoDaemon) {
		t.Errorf("without a daemon: %v, want %v", err, ErrNoDaemon)
	}
}

// Listen replaces the socket of a dead daemon. It does not replace the socket of a
// running one, nor a file that is not a socket.
func TestSocketReplacesOnlyThatOfADeadDaemon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}

	dead.SetUnlinkOnClose(false) // as kill -9 leaves it
	if _, err := Listen(path); !errors.Is(err, ErrSocketInUse) {
		t.Errorf("beside a running daemon: %v, want %v", err, ErrSocketInUse)
	}
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the running daemon's socket is gone: %v", err)
	} else {
		c.Close()
	}

	dead.Close()
	if _, _, err := NewClient(path).Status(t.Context()); !errors.Is(err, ErrNoDaemon) {
		t.Errorf("at a dead daemon's socket: %v, want %v", err, ErrNoDaemon)
	}

	l, err := Listen(path)
	if err != nil {
		t.Fatalf("in place of a dead daemon's: %v", err)
	}

	l.Close()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil {
		t.Error("it replaced a file")
	}
	if b, _ := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("the file holds %q", b)
	}
}

// The function that tests the lamps can learn which process asked for it.
func TestHandlerLearnsWhichProcessAsks(t *testing.T) {
	r := newTestStation(t)

	asked := make(chan Peer, 1)
	r.api.source.TestLamps = func(ctx context.Context, _ func(string)) error {
		asked <- PeerOf(ctx)
		return nil
	}

	if err := NewClient(r.path).TestLamps(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if got, want := await.Value(t, "who asks", asked), (Peer{os.Getuid(), os.Getpid()}); got != want {
		t.Errorf("asked by %+v, want %+v", got, want)
	}
}
