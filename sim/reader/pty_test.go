// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tagbase/tagbase-edge/internal/await"
	"golang.org/x/sys/unix"
)

func TestPTYOutlivesItsHosts(t *testing.T) {
	link := filepath.Join(t.TempDir(), "reader")
	if err := os.Symlink("/nowhere", link); err != nil { // of an earlier bench
		t.Fatal(err)
	}

	pty, err := OpenPTY(link)
	if err != nil {
		t.Fatal(err)
	}

	want := "\x00\x03\x04\r\n\x11\x13\x7f\xff" // nothing a terminal may touch
	for range 3 {
		port, err := os.OpenFile(link, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}

		for from, to := range map[io.Writer]io.Reader{port: pty, pty: port} {
			if _, err := io.WriteString(from, want); err != nil {
				t.Fatal(err)
			}

			got := make([]byte, len(want))
			if _, err := io.ReadFull(to, got); err != nil || string(got) != want {
				t.Errorf("got %x, %v, want %x", got, err, want)
			}
		}

		if err := port.Close(); err != nil {
			t.Fatal(err)
		}
	}

	ended := make(chan error)
	go func() {
		_, err := pty.Read(make([]byte, 1))
		ended <- err
	}()

	if err := pty.Close(); err != nil {
		t.Error(err)
	}
	if err := await.Value(t, "the end of the read", ended); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v, want %v", err, fs.ErrClosed)
	}
	if _, err := os.Lstat(link); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the link outlives the port: %v", err)
	}
}

// A port that refuses writes does so for a host that opens it anew as well, and still carries what the chip says. Being
// plugged in anew mends it.
func TestPTYRefusesWrites(t *testing.T) {
	pty, err := OpenPTY(filepath.Join(t.TempDir(), "reader"))
	if err != nil {
		t.Fatal(err)
	}
	defer pty.Close()

	write := func() error {
		port, err := os.OpenFile(pty.link, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer port.Close()
		if _, err := pty.Write([]byte{0x12}); err != nil {
			t.Error(err)
		}
		if _, err := port.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		_, err = unix.Write(int(port.Fd()), []byte{0x34})
		return err
	}

	for _, mend := range []func() error{
		func() error { return pty.RefuseWrites(false) },
		func() error { return errors.Join(pty.Unplug(), pty.Plug()) },
	} {
		if err := pty.RefuseWrites(true); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := write(); !errors.Is(err, unix.EAGAIN) {
				t.Errorf("got %v, want %v", err, unix.EAGAIN)
			}
		}

		if err := errors.Join(mend(), write()); err != nil {
			t.Errorf("mended: %v", err)
		}
	}
}

func TestPTYReplacesOnlyLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if pty, err := OpenPTY(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want %v", err, fs.ErrExist)
		pty.Close()
	}
}
