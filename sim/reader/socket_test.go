// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// table finds the chips that these tests lay on the antenna by name.
func table(name string) (chip.Chip, bool) {
	tag, ok := map[string]chip.Chip{
		"424":   chip.NewNTAG424(test424, key1, key2, url424),
		"blank": chip.NewBlank(),
		"bank":  chip.NewPaymentCard(),
	}[name]
	return tag, ok
}

// serveSocket serves an empty field until stop is called.
func serveSocket(t *testing.T, path string) (stop func()) {
	t.Helper()
	listener, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- ServeSocket(ctx, listener, antenna.NewField(), table) }()
	return func() {
		cancel()
		if err := await.Value(t, "the end of the serving", served); err != nil {
			t.Error(err)
		}
	}
}

func TestSocketAnswersRequests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	defer serveSocket(t, path)()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	lines := bufio.NewScanner(conn)

	for _, tt := range []struct{ request, want string }{
		{"select", "none"},
		{"present", "no"},
		{"transceive 60", "gone"},
		{"put 424", "ok"},
		{"present", "no"},
		{"select", "target 0344 20 04de5f1eacc040 7777710280"},
		{"present", "yes"},
		{"transceive " + selectApp, "answer 9000"},
		{"deselect", "ok"},
		{"present", "no"},
		{"transceive " + selectApp, "gone"},
		{"rf off", "ok"},
		{"select", "target 0344 20 04de5f1eacc040 7777710280"},
		{"transceive " + selectApp, "answer 9000"},
		{"rf off", "ok"},
		{"present", "no"},
		{"transceive " + selectApp, "gone"},
		{"put blank", "ok"},
		{"select", "target 0044 00 04b1a94b000003 -"},
		{"transceive 3003", "answer e11012000103a00c340300fe00000000"},
		{"transceive 30ff", "nak"},
		{"transceive 3003", "gone"},
		{"select", "target 0044 00 04b1a94b000003 -"},
		{"remove", "ok"},
		{"select", "none"},
		{"put nobody", `error: no chip "nobody"`},
		{"put", `error: no chip ""`},
		{"transceive", `error: "" is not hex`},
		{"transceive 3", `error: "3" is not hex`},
		{"rf on", `error: no request "rf on"`},
		{"select again", `error: no request "select again"`},
		{"", `error: no request ""`},
	} {
		if _, err := fmt.Fprintln(conn, tt.request); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatalf("%s: no reply: %v", tt.request, lines.Err())
		}
		if got := lines.Text(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.request, got, tt.want)
		}
	}
}

func TestSocketReplacesOnlyAStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	stale, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}

	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}

	serveSocket(t, path)()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket file outlives its bench: %v", err)
	}

	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if listener, err := ListenSocket(precious); err == nil {
		listener.Close()
		t.Error("a file was taken for a stale socket")
	}
	if text, err := os.ReadFile(precious); err != nil || strings.TrimSpace(string(text)) != "text" {
		t.Errorf("got %q, %v, want the file untouched", text, err)
	}
}

// A reader that hangs answers nothing and does nothing of what it is asked; the requests of the hand still work.
func TestSocketHangsWhenSilenced(t *testing.T) {
	f := antenna.NewField()
	f.Put(chip.NewBlank())
	s, err := OpenSocket(filepath.Join(t.TempDir(), "socket"), f, table)
	if err != nil {
		t.Fatal(err)
	}

	conn, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	lines := bufio.NewScanner(conn)
	ask := func(requests, want string) {
		t.Helper()
		fmt.Fprint(conn, requests)
		if !lines.Scan() || lines.Text() != want {
			t.Errorf("%q: got %q, %v, want %q", requests, lines.Text(), lines.Err(), want)
		}
	}

	s.Silence(true)
	ask("select\npresent\nput 424\n", "ok")
	if f.Present() {
		t.Error("a reader that hangs has selected a tag")
	}

	s.Silence(false)
	ask("select\n", "target 0344 20 04de5f1eacc040 7777710280")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSocketIsPulledOut(t *testing.T) {
	f := antenna.NewField()
	f.Put(chip.NewBlank())
	s, err := OpenSocket(filepath.Join(t.TempDir(), "socket"), f, table)
	if err != nil {
		t.Fatal(err)
	}

	for range 3 {
		conn, err := net.Dial("unix", s.path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()

		lines := bufio.NewScanner(conn)
		fmt.Fprintln(conn, "select")
		if !lines.Scan() || !f.Present() {
			t.Errorf("got %q, %v, want a target", lines.Text(), lines.Err())
		}
		if err := s.Unplug(); err != nil {
			t.Error(err)
		}
		if lines.Scan() {
			t.Errorf("got %q from a socket that is gone", lines.Text())
		}
		if _, err := os.Lstat(s.path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket file is still there: %v", err)
		}
		if f.Present() {
			t.Error("the field is on without power")
		}
		if err := errors.Join(s.Plug(), s.Plug()); err != nil {
			t.Fatal(err)
		}
	}

	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}
