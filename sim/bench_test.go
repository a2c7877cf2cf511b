// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Unplugging a bench removes both of its readers; plugging it in brings them back under the same names.
func TestBenchReadersArePulledOut(t *testing.T) {
	b, err := NewBench(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}

	for range 2 {
		askFirmwareVersion(t, b.path("pn532"))
		conn, err := net.Dial("unix", b.Socket())
		if err != nil {
			t.Fatal(err)
		}

		conn.Close()
		if err := b.Unplug(); err != nil {
			t.Fatal(err)
		}

		for _, path := range []string{b.path("pn532"), b.Socket()} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is still there: %v", path, err)
			}
		}

		if err := b.Plug(); err != nil {
			t.Fatal(err)
		}
	}

	if err := errors.Join(b.Unplug(), b.Close()); err != nil {
		t.Error(err)
	}
}

// askFirmwareVersion wakes the PN532 behind a serial port and has it say its version, as hosts do first of all.
func askFirmwareVersion(t *testing.T, link string) {
	t.Helper()
	const (
		wakeAndAsk   = "55550000000000" + "0000ff02fed4022a00"
		ackAndAnswer = "0000ff00ff00" + "0000ff06fad50332010607e800"
	)

	port, err := os.OpenFile(link, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()

	request, err := hex.DecodeString(wakeAndAsk)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := port.Write(request); err != nil {
		t.Fatal(err)
	}

	got := make([]byte, len(ackAndAnswer)/2)
	if _, err := io.ReadFull(port, got); err != nil || hex.EncodeToString(got) != ackAndAnswer {
		t.Errorf("got %x, %v, want %s", got, err, ackAndAnswer)
	}
}
