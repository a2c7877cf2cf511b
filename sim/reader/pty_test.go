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
