// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// PTY is a serial port with software at its other end. Hosts open the link and write; Read returns what they wrote. The
// port outlives its hosts, which may close and open it as often as they like. It can be pulled out and plugged in
// again.
type PTY struct {
	link string

	mu     sync.Mutex // guards which files there are, not reading and writing them
	master *os.File   // nil while unplugged
	slave  *os.File   // held open, since reading a master without any slave fails with EIO
}

// OpenPTY makes a pseudo-terminal in raw mode and a symbolic link to it, in place of an older link of that name.
func OpenPTY(link string) (*PTY, error) {
	p := &PTY{link: link}
	if err := p.Plug(); err != nil {
		return nil, err
	}
	return p, nil
}

// Plug makes a pseudo-terminal behind the link. It does nothing if the port is plugged in.
func (p *PTY) Plug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master != nil {
		return nil
	}

	// Without O_NONBLOCK Go would not poll the descriptor, and closing it would not end a Read.
	master, err := os.OpenFile("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	slave, err := openSlave(master)
	if err != nil {
		return errors.Join(err, master.Close())
	}

	// The link comes last: a host that finds it finds a port that works.
	if err := symlink(slave.Name(), p.link); err != nil {
		return errors.Join(err, master.Close(), slave.Close())
	}
	p.master, p.slave = master, slave
	return nil
}

// Unplug pulls the port out, as a USB serial adapter is pulled out, and ends a Read that waits. The link is gone. A
// host that still holds the port gets EIO for every write and ioctl, and the end of file for every read: in both cases
// the kernel calls tty_vhangup.
func (p *PTY) Unplug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master == nil {
		return nil
	}

	// The slave is closed last, otherwise a Read would fail with EIO.
	err := errors.Join(os.Remove(p.link), p.master.Close(), p.slave.Close())
	p.master, p.slave = nil, nil
	return err
}

// RefuseWrites makes every write of a host fail from now on, also once it has opened the port anew, or ends that. So a
// bus fails on which no device acknowledges any more. A port that is plugged in anew takes writes.
func (p *PTY) RefuseWrites(on bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slave == nil {
		return fs.ErrClosed
	}

	// libnfc opens the port with O_NONBLOCK: a write to a terminal whose output is stopped fails with EAGAIN.
	action := unix.TCOON
	if on {
		action = unix.TCOOFF
	}
	return unix.IoctlSetInt(int(p.slave.Fd()), unix.TCXONC, action)
}

// Close is Unplug.
func (p *PTY) Close() error { return p.Unplug() }

// Read returns what the host wrote. The error is fs.ErrClosed if the port is unplugged.
func (p *PTY) Read(b []byte) (int, error) { return p.port().Read(b) }

// Write gives the host bytes to read. The error is fs.ErrClosed if the port is unplugged.
func (p *PTY) Write(b []byte) (int, error) { return p.port().Write(b) }

func (p *PTY) port() io.ReadWriter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master == nil {
		return unplugged{}
	}
	return p.master
}

type unplugged struct{}

func (unplugged) Read([]byte) (int, error)  { return 0, fs.ErrClosed }
func (unplugged) Write([]byte) (int, error) { return 0, fs.ErrClosed }

// openSlave unlocks the other end of a pseudo-terminal and opens it in raw mode.
func openSlave(master *os.File) (*os.File, error) {
	conn, err := master.SyscallConn() // Fd would make the descriptor blocking
	if err != nil {
		return nil, err
	}

	var number int
	var ctlErr error
	err = conn.Control(func(fd uintptr) {
		if ctlErr = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); ctlErr == nil {
			number, ctlErr = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err = errors.Join(err, ctlErr); err != nil {
		return nil, fmt.Errorf("unlock the pseudo-terminal: %v", err)
	}

	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	if err := raw(int(slave.Fd())); err != nil {
		return nil, errors.Join(err, slave.Close())
	}
	return slave, nil
}

// raw is cfmakeraw(3) at 115200 baud, the speed that libnfc uses with a PN532.
func raw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("read the terminal's settings: %v", err)
	}

	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return fmt.Errorf("set the terminal raw: %v", err)
	}
	return nil
}

// symlink makes a link, in place of another link of that name. It never removes anything but a link.
func symlink(target, link string) error {
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if err := os.Remove(link); err != nil {
			return err
		}
	}
	return os.Symlink(target, link)
}
