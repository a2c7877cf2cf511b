// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// openPort opens a serial port as a host does.
func openPort(t *testing.T, link string) *os.File {
	t.Helper()
	port, err := os.OpenFile(link, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { port.Close() })

	return port
}

// talkTo writes bytes of the wire and expects others in return.
func talkTo(t *testing.T, port io.ReadWriter, wire, want string) {
	t.Helper()
	data, err := hex.DecodeString(wire)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := port.Write(data); err != nil {
		t.Fatal(err)
	}

	got := make([]byte, len(want)/2)
	if _, err := io.ReadFull(port, got); err != nil || hex.EncodeToString(got) != want {
		t.Errorf("got %x, %v, want %s", got, err, want)
	}
}

// A host that holds the port of a reader that is pulled out sees what it would see of a USB serial adapter. A host that
// opens the same name afterwards finds a chip that has just got its power.
func TestAdapterIsPulledOut(t *testing.T) {
	link := filepath.Join(t.TempDir(), "reader")
	f, tag := antenna.NewField(), &meter{Chip: chip.NewBlank()}
	f.Put(tag)
	p := NewPN532(f)
	a, err := NewAdapter(link, p)
	if err != nil {
		t.Fatal(err)
	}

	talkTo(t, openPort(t, link), wireWake+wireVersion, wireACK+wireVersion5)
	before, descriptors := runtime.NumGoroutine(), openDescriptors(t)

	for i := range 5 {
		port := openPort(t, link)
		talkTo(t, port, wireWake+wireVersion, wireACK+wireVersion5)
		talkTo(t, port, "0000ff04fcd44a0100e100", wireACK+"0000ff0ff1d5"+listed213+"e700") // a tag is found
		p.Break(Fault{Kind: Dribble, For: time.Hour})
		talkTo(t, port, wireVersion, "")
		await.Until(t, "the fault strikes", func() bool { return p.Broken() > i })

		if err := a.Unplug(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(link); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the link outlives the adapter: %v", err)
		}
		if _, err := port.Write([]byte{0x55}); !errors.Is(err, syscall.EIO) {
			t.Errorf("write: got %v, want %v", err, syscall.EIO)
		}
		if n, err := io.ReadAll(port); len(n) > 0 && err != nil {
			t.Errorf("read: got %d, %v, want the end", n, err)
		}
		if _, err := unix.IoctlGetTermios(int(port.Fd()), unix.TCGETS); !errors.Is(err, syscall.EIO) {
			t.Errorf("ioctl: got %v, want %v", err, syscall.EIO)
		}
		if last := tag.changes[len(tag.changes)-1]; last {
			t.Error("the field is on without power")
		}
		if err := port.Close(); err != nil {
			t.Error(err)
		}

		for range 2 { // the second does nothing
			if err := a.Plug(); err != nil {
				t.Fatal(err)
			}
		}
	}

	await.Until(t, "its goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
	if got := openDescriptors(t); got > descriptors {
		t.Errorf("got %d open files, want %d", got, descriptors)
	}

	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// openDescriptors counts the open files of this process.
func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestAdapterSleepsWhenPlugged(t *testing.T) {
	link := filepath.Join(t.TempDir(), "reader")
	p := NewPN532(antenna.NewField())
	a, err := NewAdapter(link, p)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()

	talkTo(t, openPort(t, link), wireWake+wireVersion, wireACK+wireVersion5)
	if err := errors.Join(a.Unplug(), a.Plug()); err != nil {
		t.Fatal(err)
	}

	port := openPort(t, link)
	talkTo(t, port, wireVersion, "") // not heard
	talkTo(t, port, wireWake+wireVersion, wireACK+wireVersion5)
	if got, want := p.Commands(), 2; got != want {
		t.Errorf("got %d commands, want %d", got, want)
	}
}
