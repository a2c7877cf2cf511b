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

// socketMode admits the daemon's user and group, and root.
const socketMode = 0o660

// ErrSocketInUse means that another daemon answers on the socket.
var ErrSocketInUse = errors.New("another daemon answers there; " +
	"stop it, or give this one a station.socket of its own")

// Socket returns the handler for the Unix socket.
func (a *API) Socket() http.Handler {
	mux := a.readOnly()
	mux.HandleFunc("POST /leds/test", a.testLamps)
	return mux
}

// Listen opens a Unix socket at path. It replaces the socket of a dead daemon. It
// returns ErrSocketInUse if that daemon is alive.
func Listen(path string) (net.Listener, error) {
	if err := mayReplace(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}

	// The socket gets its mode under another name, so that under its own name it never
	// has a wrong one.
	unready := path + ".new"
	if err := os.Remove(unready); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: unready, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // socket.Close removes it, under its final name

	err = os.Chmod(unready, socketMode)
	if err == nil {
		err = os.Rename(unready, path)
	}
	if err != nil {
		l.Close()
		os.Remove(unready)
		return nil, err
	}
	return &socket{l, path}, nil
}

// mayReplace returns nil if a new socket may take the path: nothing is there, or the
// socket of a daemon that has died.
func mayReplace(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is something else than a socket; remove it, or change station.socket")
	}

	// Only the kernel knows whether a process still has the socket open.
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		c.Close()
		return ErrSocketInUse
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrSocketInUse // its queue is full: the daemon is alive, and busy
	default:
		return err
	}
}

// A socket is a listener whose Close removes its file.
type socket struct {
	*net.UnixListener
	path string
}

// Addr has the final name; the listener itself knows only the first one.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

// Close removes the file once: after a second Close it could be another daemon's.
func (s *socket) Close() error {
	err := s.UnixListener.Close()
	if !errors.Is(err, net.ErrClosed) {
		os.Remove(s.path)
	}
	return err
}

// A Peer is the process that sent a request.
type Peer struct {
	UID, PID int // -1: not known
}

type peerKey struct{}

// withPeer asks the kernel who has connected (unix(7), SO_PEERCRED). net/http offers
// only the context to carry what belongs to a connection.
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

// PeerOf returns the process that sent the request of this context.
func PeerOf(ctx context.Context) Peer {
	if p, ok := ctx.Value(peerKey{}).(Peer); ok {
		return p
	}
	return Peer{-1, -1}
}
