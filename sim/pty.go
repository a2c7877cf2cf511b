// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// PTY is a serial port with nothing but software at its other end. Hosts open the link; what they write is read here.
// It outlives its hosts: they may close and open it as often as they like.
type PTY struct {
	*os.File          // the master
	slave    *os.File // held open, since a master without any slave reads EIO
	link     string
}

// OpenPTY makes a pseudo-terminal in raw mode and a symbolic link to it, in place of an older link of that name.
func OpenPTY(link string) (*PTY, error) {
	// Without O_NONBLOCK Go would not poll the descriptor, and Close would not end a Read.
	master, err := os.OpenFile("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	p := &PTY{File: master}
	if err := p.openSlave(); err != nil {
		p.Close()
		return nil, err
	}
	if err := symlink(p.slave.Name(), link); err != nil {
		p.Close()
		return nil, err
	}
	p.link = link
	return p, nil
}

func (p *PTY) openSlave() error {
	conn, err := p.File.SyscallConn() // Fd would make the descriptor blocking
	if err != nil {
		return err
	}
	var number int
	var ctlErr error
	err = conn.Control(func(fd uintptr) {
		if ctlErr = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); ctlErr == nil {
			number, ctlErr = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err = errors.Join(err, ctlErr); err != nil {
		return fmt.Errorf("unlock the pseudo-terminal: %v", err)
	}
	p.slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	return raw(int(p.slave.Fd()))
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

// Close removes the link and ends a Read that waits.
func (p *PTY) Close() error {
	errs := []error{p.File.Close()} // before the slave, or a Read would see EIO
	if p.slave != nil {
		errs = append(errs, p.slave.Close())
	}
	if p.link != "" {
		errs = append(errs, os.Remove(p.link))
	}
	return errors.Join(errs...)
}
