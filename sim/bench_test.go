// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"testing"
)

// Both readers of a bench go when it is unplugged, and are back under their names when it is plugged in.
func TestBenchIsPulledOut(t *testing.T) {
	b, err := NewBench(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		talkTo(t, openPort(t, b.path("pn532")), wireWake+wireVersion, wireACK+wireVersion5)
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
