// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/clockfile"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// What one process has kept is the floor of the next one.
func TestKeptClockOutlivesTheProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	ahead := time.Now().AddDate(1, 0, 0).Truncate(time.Second)
	ended, end := context.WithCancel(t.Context())
	end()
	first := openClock(dir, zap.NewNop())
	first.Clock = uplink.NewClock(time.Now, ahead)
	first.keep(ended)

	second := openClock(dir, zap.NewNop())
	if got := second.Now(); !got.Equal(ahead) {
		t.Errorf("the next process starts at %v, want %v", got, ahead)
	}

	before, err := os.Stat(clockfile.Path(dir))
	if err != nil {
		t.Fatal(err)
	}

	second.Clock = uplink.NewClock(time.Now, ahead.Add(clockStep-time.Second))
	second.keep(ended)
	if after, err := os.Stat(clockfile.Path(dir)); err != nil || !os.SameFile(before, after) {
		t.Errorf("less than %v more was written (%v)", clockStep, err)
	}
}

// Nothing in the file stops the start, and no damage makes another time of it.
func TestDamagedClockFileIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	if err := clockfile.Write(dir, time.Now().AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}

	good, err := os.ReadFile(clockfile.Path(dir))
	if err != nil {
		t.Fatal(err)
	}

	floor := openClock(t.TempDir(), zap.NewNop()).Floor()

	for _, damage := range damagesOf(good) {
		if err := os.WriteFile(clockfile.Path(dir), damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := openClock(dir, zap.NewNop()).Floor(); !got.Equal(floor) {
			t.Errorf("%q is taken for %v", damage, got)
		}
	}
}

// A named pipe in place of the file does not hold the start up.
func TestClockFileThatIsANamedPipeDoesNotBlock(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(clockfile.Path(dir), 0o600); err != nil {
		t.Fatal(err)
	}
	openClock(dir, zap.NewNop())
}

// damagesOf returns b cut at every byte, with every bit flipped, and a megabyte of zeros.
func damagesOf(b []byte) (all [][]byte) {
	for n := range b {
		all = append(all, b[:n])
		for bit := range 8 {
			flipped := bytes.Clone(b)
			flipped[n] ^= 1 << bit
			all = append(all, flipped)
		}
	}

	return append(all, make([]byte, 1<<20))
}
