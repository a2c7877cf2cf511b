// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socketMode lets the daemon's group and root in.
const socketMode = 0o660

// ErrTaken is a socket on which another daemon answers.
var ErrTaken = errors.New("another daemon answers there; stop it, or give this one a station.socket of its own")

// Listen opens the Unix socket of a path, in place of one that a dead daemon left.
// It is there with its mode from the first moment on.
func Listen(path string) (net.Listener, error) {
	if err := replaceable(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	begun := path + ".new"
	if err := os.Remove(begun); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: begun, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it will have another name
	err = os.Chmod(begun, socketMode)
	if err == nil {
		err = os.Rename(begun, path)
	}
	if err != nil {
		l.Close()
		os.Remove(begun)
		return nil, err
	}
	return &socket{l, path}, nil
}

// replaceable tells whether a socket may take a path.
func replaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("is there and not a socket; remove it, or name another place in station.socket")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		c.Close()
		return ErrTaken
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTaken // it has no time for us
	default:
		return err
	}
}

// A socket takes its file away with it.
type socket struct {
	*net.UnixListener
	path string
}

func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

func (s *socket) Close() error {
	err := s.UnixListener.Close()
	if !errors.Is(err, net.ErrClosed) {
		os.Remove(s.path)
	}
	return err
}

// A Peer is the process that asks.
type Peer struct {
	UID, PID int // -1: not known
}

type peerKey struct{}

// withPeer asks the kernel who has connected (unix(7), SO_PEERCRED).
func withPeer(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(interface {
		SyscallConn() (syscall.RawConn, error)
	})
	if !ok {
		return ctx
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return ctx
	}
	raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			ctx = context.WithValue(ctx, peerKey{}, Peer{UID: int(cred.Uid), PID: int(cred.Pid)})
		}
	})
	return ctx
}

// PeerOf is the process whose request a context is of.
func PeerOf(ctx context.Context) Peer {
	if p, ok := ctx.Value(peerKey{}).(Peer); ok {
		return p
	}
	return Peer{-1, -1}
}

// Socket is what answers on the socket.
func (a *API) Socket() http.Handler {
	mux := a.reads()
	mux.HandleFunc("POST /leds/test", a.testLamps)
	return mux
}
