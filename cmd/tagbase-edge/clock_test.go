// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// What one process has kept is the floor of the next.
func TestClockIsKept(t *testing.T) {
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
	before, err := os.Stat(second.file)
	if err != nil {
		t.Fatal(err)
	}
	second.Clock = uplink.NewClock(time.Now, ahead.Add(clockStep-time.Second))
	second.keep(ended)
	if after, err := os.Stat(second.file); err != nil || !os.SameFile(before, after) {
		t.Errorf("less than %v more was written (%v)", clockStep, err)
	}
}

// Nothing in the file stops the start, and no damage makes another time of it.
func TestClockIsDamaged(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "clock")
	good := formatKept(time.Now().AddDate(1, 0, 0))
	floor := openClock(dir, zap.NewNop()).Floor()
	for _, damage := range damages(good) {
		if err := os.WriteFile(file, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := openClock(dir, zap.NewNop()).Floor(); !got.Equal(floor) {
			t.Errorf("%q is taken for %v", damage, got)
		}
	}
}

// What is not a file does not hold the start up.
func TestClockIsAFIFO(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "clock"), 0o600); err != nil {
		t.Fatal(err)
	}
	openClock(dir, zap.NewNop())
}

// damages are every cut and every flipped bit of b.
func damages(b []byte) (all [][]byte) {
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
