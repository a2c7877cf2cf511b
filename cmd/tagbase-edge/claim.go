// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// claimPatience is for a disk that hangs.
const claimPatience = time.Second

var errClaimed = errors.New("in use by another tagbase-edge; end that one, or name another directory")

// claim takes the state directory for this process, until it ends. Two daemons in one
// would take each other's scans for their own. The only error is errClaimed: a disk that
// fails or hangs stops no station, and has nothing to claim.
func claim(stateDir string) error {
	answer := make(chan error, 1)
	go func() { answer <- lock(stateDir) }()
	select {
	case err := <-answer:
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("%s is %w", stateDir, errClaimed)
		}
	case <-time.After(claimPatience):
	}
	return nil
}

func lockFile(stateDir string) string { return filepath.Join(stateDir, "lock") }

// claimed keeps the lock from the garbage collector.
var claimed atomic.Pointer[os.File]

func lock(stateDir string) error {
	if f := claimed.Load(); f != nil && f.Name() == lockFile(stateDir) {
		return nil // it is ours
	}
	if err := os.MkdirAll(stateDir, 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(lockFile(stateDir), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close() // another's
		return err
	}
	claimed.Store(f)
	return nil
}
