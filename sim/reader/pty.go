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

// PTY is a serial port with nothing but software at its other end. Hosts open the link; what they write is read here.
// It outlives its hosts: they may close and open it as often as they like. It can be pulled out and plugged in again.
type PTY struct {
	link string

	mu     sync.Mutex
	master *os.File // nil: unplugged
	slave  *os.File // held open, since a master without any slave reads EIO
}

// OpenPTY makes a pseudo-terminal in raw mode and a symbolic link to it, in place of an older link of that name.
func OpenPTY(link string) (*PTY, error) {
	p := &PTY{link: link}
	if err := p.Plug(); err != nil {
		return nil, err
	}
	return p, nil
}

// Plug makes a pseudo-terminal behind the link. A port that is plugged in stays as it is.
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
	if err := symlink(slave.Name(), p.link); err != nil {
		return errors.Join(err, master.Close(), slave.Close())
	}
	p.master, p.slave = master, slave
	return nil
}

// Unplug pulls the port out, as a USB serial adapter is pulled out: the link is gone, and to a host that holds the port
// every write and ioctl is EIO and every read the end of file (the kernel's tty_vhangup, for both). It ends a Read that waits.
func (p *PTY) Unplug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.master == nil {
		return nil
	}
	err := errors.Join(os.Remove(p.link), p.master.Close(), p.slave.Close()) // the slave last, or a Read would see EIO
	p.master, p.slave = nil, nil
	return err
}

// Close is Unplug.
func (p *PTY) Close() error { return p.Unplug() }

// Read gives what the host wrote. The error is fs.ErrClosed when the port is unplugged.
func (p *PTY) Read(b []byte) (int, error) { return p.port().Read(b) }

// Write gives the host something to read.
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

// raw is cfmakeraw(3) at 115200 baud.
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

// symlink replaces a link, but nothing else.
func symlink(target, link string) error {
	if info, err := os.Lstat(link); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if err := os.Remove(link); err != nil {
			return err
		}
	}
	return os.Symlink(target, link)
}
