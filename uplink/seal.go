// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// A seal proves whether a byte of a request can have left us. It lies above TLS,
// where a request's first byte is a request's: the handshake passes below it.
// It starts open, and goes once to written, at the first Write, or to sealed,
// after which every Write fails. Counting bytes would not do: net/http's write
// loop may still be running when the request has failed.
type seal struct {
	state   atomic.Int32
	connect atomic.Int64 // ns
}

const (
	sealOpen int32 = iota
	sealWritten
	sealSealed
)

var errSealed = errors.New("the request has failed already; nothing more is sent")

// close seals and tells whether nothing was written, and so nothing ever will be.
func (s *seal) close() (unsent bool) {
	return s.state.CompareAndSwap(sealOpen, sealSealed) || s.state.Load() == sealSealed
}

type sealKey struct{}

func withSeal(ctx context.Context, s *seal) context.Context {
	return context.WithValue(ctx, sealKey{}, s)
}

// sealed puts the request's seal, if it has one, on its new connection.
func sealed(ctx context.Context, c net.Conn, dialled time.Time) net.Conn {
	s, ok := ctx.Value(sealKey{}).(*seal)
	if !ok {
		return c
	}
	s.connect.Store(int64(time.Since(dialled)))
	return &sealedConn{Conn: c, seal: s}
}

type sealedConn struct {
	net.Conn
	seal *seal
}

func (c *sealedConn) Write(b []byte) (int, error) {
	if !c.seal.state.CompareAndSwap(sealOpen, sealWritten) && c.seal.state.Load() == sealSealed {
		return 0, errSealed
	}
	return c.Conn.Write(b)
}
