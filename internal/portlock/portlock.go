// SPDX-License-Identifier: Apache-2.0

// Package portlock holds the serial port, I2C or SPI node of a reader for one process.
//
// Two programs on one port take each other's bytes away, and libnfc does not look whether somebody
// else is there. A Lock is flock(2), which every tagbase-edge respects, and for a terminal also TIOCEXCL
// (ioctl_tty(2)), with which the kernel refuses the port to everybody except root. Both end with the process.
package portlock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrHeld is the error for a port that another process has.
var ErrHeld = errors.New("the port is held")

// A Lock is a port that this process holds.
type Lock struct {
	node     *os.File
	excluded bool // by TIOCEXCL
}

// Take takes the port at path, which must be a terminal if serial is set. The error is fs.ErrNotExist if there is no
// such port, and ErrHeld if another process has it.
func Take(path string, serial bool) (*Lock, error) {
	// O_NONBLOCK: an open of a serial port may wait for its carrier.
	node, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, unix.EBUSY): // by TIOCEXCL
		return nil, ErrHeld
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("reader: %w; add the tagbase-edge user to its group, for a serial port dialout", err)
	case errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV): // a node whose device was unplugged
		return nil, fmt.Errorf("reader: %w (%w)", fs.ErrNotExist, err)
	case err != nil:
		return nil, fmt.Errorf("reader: %w", err)
	}

	if err := unix.Flock(int(node.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = node.Close() // not ours
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrHeld
		}
		return nil, fmt.Errorf("reader: lock %s: %w", path, err)
	}

	if _, err := unix.IoctlGetTermios(int(node.Fd()), unix.TCGETS); err != nil && serial {
		_ = node.Close() // nothing that we could use
		return nil, fmt.Errorf("reader %s: this is not a serial port; "+
			"name the one that the reader is connected to, such as /dev/ttyAMA0", path)
	}
	return &Lock{node: node}, nil
}

// Exclude keeps other processes from opening a terminal from now on; one that has it open keeps
// it. A pseudo-terminal outlives its opener and would stay excluded, and is left alone.
func (l *Lock) Exclude() {
	if !strings.HasPrefix(l.node.Name(), "/dev/pts/") {
		l.excluded = unix.IoctlSetInt(int(l.node.Fd()), unix.TIOCEXCL, 0) == nil
	}
}

// Release gives the port back. A nil Lock holds nothing.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	if l.excluded {
		_ = unix.IoctlSetInt(int(l.node.Fd()), unix.TIOCNXCL, 0) // an unplugged one has nothing to give back
	}
	return l.node.Close()
}
