// SPDX-License-Identifier: Apache-2.0

package portlock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestTakeSaysWhyNot(t *testing.T) {
	dir := t.TempDir()
	node := filepath.Join(dir, "spidev0.0")
	if err := os.WriteFile(node, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	if _, err := Take(filepath.Join(dir, "none"), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a port that is not there: %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := Take(node, true); err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrHeld) {
		t.Errorf("a file as a serial port: %v, want an error of its own", err)
	}

	lock, err := Take(node, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(node, false); !errors.Is(err, ErrHeld) {
		t.Errorf("a port that is taken: %v, want %v", err, ErrHeld)
	}
	lock.Exclude() // no terminal: nothing to exclude
	if err := lock.Release(); err != nil {
		t.Error(err)
	}

	lock, err = Take(node, false)
	if err != nil {
		t.Fatalf("a port that was given back: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}
