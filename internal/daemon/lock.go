// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// lockPatience is how long the start waits for a disk that hangs.
const lockPatience = time.Second

var errLocked = errors.New("in use by another tagbase-edge; end that one, or name another directory")

// A stateLock holds the lock on a state directory until the process ends. Two daemons cannot
// share a state directory: each would take the other's scans for its own.
type stateLock struct {
	// held keeps the file from the garbage collector, which would close and so unlock it. It is
	// atomic since a locking goroutine that hung may set it late.
	held atomic.Pointer[os.File]
}

// take locks a state directory. The only error is errLocked: a disk that fails or hangs stops no
// station, and on it there is nothing to protect.
func (l *stateLock) take(stateDir string) error {
	// The goroutine ends when the disk answers, which may be never.
	answer := make(chan error, 1)
	go func() { answer <- l.lock(filepath.Join(stateDir, "lock")) }()

	// A disk that takes longer may still give the lock later: the station does not wait for it.
	select {
	case err := <-answer:
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("%s is %w", stateDir, errLocked)
		}
	case <-time.After(lockPatience):
	}
	return nil
}

func (l *stateLock) lock(file string) error {
	if f := l.held.Load(); f != nil && f.Name() == file {
		return nil // locked at the start, or by an earlier reload
	}

	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}

	// The kernel releases the lock when the process ends, however it ends: no stale lock is left.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close() // it was opened for nothing but the lock
		return err
	}
	l.held.Store(f)
	return nil
}
