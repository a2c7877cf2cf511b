// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/connstring"
	"golang.org/x/sys/unix"
)

// A port is the serial port, I2C or SPI node of a reader, held for this process:
// by flock(2), which tagbase-edge itself keeps to, and for a terminal by
// TIOCEXCL (ioctl_tty(2)), which the kernel keeps anyone to who is not root.
// libnfc takes neither.
type port struct {
	node *os.File
	tty  bool
}

// errHeld is a port that another process has.
var errHeld = errors.New("the port is held")

func parseConnstring(device string) connstring.Connstring { return connstring.Parse(device, exists) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// holdPort takes the node. The error is fs.ErrNotExist without one, and errHeld,
// with the holder's name, if another process has it.
func holdPort(driver, path string) (*port, error) {
	// O_NONBLOCK: an open of a serial port may wait for its carrier.
	node, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, unix.EBUSY):
		return nil, heldBy(path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("reader: %w; let its group be one of tagbase-edge's, for a serial port dialout", err)
	case errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV): // the node of a device that is no more
		return nil, fmt.Errorf("reader: %w (%w)", fs.ErrNotExist, err)
	case err != nil:
		return nil, fmt.Errorf("reader: %w", err)
	}
	if err := unix.Flock(int(node.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = node.Close() // not ours
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, heldBy(path)
		}
		return nil, fmt.Errorf("reader: lock %s: %w", path, err)
	}
	if _, err := unix.IoctlGetTermios(int(node.Fd()), unix.TCGETS); err != nil && strings.HasSuffix(driver, "_uart") {
		_ = node.Close() // nothing that we could use
		return nil, fmt.Errorf("reader %s: it is not a serial port; name the one that the reader is on, such as /dev/ttyAMA0", path)
	}
	return &port{node: node}, nil
}

func heldBy(path string) error {
	return fmt.Errorf("reader %s: %w by %s; end that one, or name another reader", path, errHeld, holders(path))
}

// exclude keeps others from opening the port from now on; what is open already
// stays so. A pseudo-terminal outlives its opener and would stay excluded.
func (p *port) exclude() {
	if !strings.HasPrefix(p.node.Name(), "/dev/pts/") {
		p.tty = unix.IoctlSetInt(int(p.node.Fd()), unix.TIOCEXCL, 0) == nil
	}
}

// Close gives the port back.
func (p *port) Close() error {
	if p.tty {
		_ = unix.IoctlSetInt(int(p.node.Fd()), unix.TIOCNXCL, 0) // an unplugged one has nothing to give back
	}
	return p.node.Close()
}
