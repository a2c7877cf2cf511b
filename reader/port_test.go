// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package reader

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/tagbase/tagbase-edge/internal/portlock"
)

// A reader may be named by a link with colons in it, as udev makes them.
func TestOpenTakesLinksWithColons(t *testing.T) {
	t.Parallel()
	r := libnfcRig(t)
	_, pty, _ := strings.Cut(r.device, ":")
	link := filepath.Join(t.TempDir(), "pci-0000:01:00.0-usb-0:1.2:1.0-port0")
	if err := os.Symlink(pty, link); err != nil {
		t.Fatal(err)
	}

	for _, speed := range []string{"", ":115200"} {
		dev, err := Open("pn532_uart:" + link + speed)
		if err != nil {
			t.Fatal(err)
		}
		r.field.Put(newNTAG424())
		mustSelect(t, dev)
		dev.Close()
	}

	colons := filepath.Join(t.TempDir(), "no:link")
	if err := os.WriteFile(colons, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	if _, err := Open("pn532_uart:" + colons); err == nil || !strings.Contains(err.Error(), "SYMLINK") {
		t.Errorf("a node with a colon in its name: %v", err)
	}
}

// One process at a time has the port, under whatever name others ask for it. It is free when that process
// closes it or is killed.
func TestPortHasOneHolder(t *testing.T) {
	t.Parallel()
	r := libnfcRig(t)
	dev := r.open(t)
	if _, err := Open(r.device); !errors.Is(err, portlock.ErrHeld) || Missing(err) {
		t.Errorf("a second open: %v, want %v", err, portlock.ErrHeld)
	}

	dev.Close()

	_, path, _ := strings.Cut(r.device, ":")
	flock := exec.Command("flock", "--no-fork", path, "sleep", "1000")
	if err := flock.Start(); err != nil {
		t.Fatal(err)
	}
	defer flock.Wait()
	defer flock.Process.Kill()
	var err error

	settlesAt(t, "opens that succeed", 0, func() int {
		if dev, err = Open(r.device); err == nil {
			dev.Close()
			return 1
		}
		return 0
	})

	want := "(process " + strconv.Itoa(flock.Process.Pid) + ")"
	if !errors.Is(err, portlock.ErrHeld) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %v and %s in it", err, portlock.ErrHeld, want)
	}
	flock.Process.Signal(syscall.SIGKILL)
	flock.Wait()
	r.open(t).Close()
}

// The error names a program that has the port open without a lock, and takes the reader's bytes away.
func TestOpenNamesWhoElseHasThePort(t *testing.T) {
	namedOpeners.Store(false)
	r := libnfcRig(t)
	_, path, _ := strings.Cut(r.device, ":")
	other := exec.Command("sh", "-c", `exec sleep 1000 <"$0"`, path)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	defer other.Process.Kill()
	r.hung.Store(true)
	want := "(process " + strconv.Itoa(other.Process.Pid) + ")"
	if _, err := Open(r.device); !errors.Is(err, errHung) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %v and %s in it", err, errHung, want)
	}
}
