// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dialTimeout = 3 * time.Second
	tlsTimeout  = 3 * time.Second
	// How long a connection that was dialled ahead may wait: for the tap that has
	// begun or its second scan, and for the tap that a pending scan asks the person
	// for. A server gives a new connection longer, and one that it has closed is not used.
	tapWait  = 2 * time.Second
	nextWait = 10 * time.Second
)

// A dialer makes connections to the platform, one for each request, and one
// ahead of a request that is about to come.
type dialer struct {
	net    net.Dialer
	tls    *tls.Config // nil for plain http, which is for loopback only
	host   string      // host:port
	counts *counts     // may be nil
	mu     sync.Mutex
	spare  *spare
}

func newDialer(base *url.URL, roots *x509.CertPool, clock *Clock) *dialer {
	port := base.Port()
	if port == "" {
		port = defaultPorts[base.Scheme]
	}
	d := &dialer{net: net.Dialer{Timeout: dialTimeout}, host: net.JoinHostPort(base.Hostname(), port)}
	if base.Scheme == "https" {
		d.tls = &tls.Config{
			MinVersion: tls.VersionTLS12,
			RootCAs:    roots,
			ServerName: base.Hostname(),
			NextProtos: []string{"http/1.1"},
			Time:       clock.Now,
			// Saves the certificates and their check, on the board and on a metered link.
			ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}
	}
	return d
}

// A link is a connection on which nothing has been written yet.
type link struct {
	net.Conn
	tcp   *net.TCPConn
	proof period // of the certificates that authenticated it; zero without TLS
}

// dial connects, TLS included.
func (d *dialer) dial(ctx context.Context) (*link, error) {
	tracing, connected := d.counts.dialling(ctx)
	raw, err := d.net.DialContext(tracing, "tcp", d.host)
	if err != nil {
		return nil, err
	}
	connected()
	l := &link{Conn: raw, tcp: raw.(*net.TCPConn)}
	if d.tls == nil {
		return l, nil
	}
	c := tls.Client(raw, d.tls)
	ctx, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	begun := time.Now()
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		if lostInHandshake(err) {
			return nil, err
		}
		return nil, &handshakeError{err}
	}
	d.counts.phase("tls", time.Since(begun))
	l.Conn = c
	for i, cert := range c.ConnectionState().VerifiedChains[0] {
		if i == 0 || cert.NotBefore.After(l.proof.from) {
			l.proof.from = cert.NotBefore
		}
		if i == 0 || cert.NotAfter.Before(l.proof.to) {
			l.proof.to = cert.NotAfter
		}
	}
	return l, nil
}

// A handshakeError is TLS that both sides cannot agree on, as against a connection
// that was lost meanwhile: no second attempt mends it.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return "TLS: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// lostInHandshake tells of a network's failure. An alert that the other side sent
// comes as a net.OpError too, but holds no system call's error.
func lostInHandshake(err error) bool {
	var timeout net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.Canceled)
}

// A spare is a connection that is being dialled, or waits to be used.
type spare struct {
	until time.Time     // of dialer.mu
	done  chan struct{} // closed when link or err is set
	link  *link
	err   error
}

// ahead begins to dial a connection that may wait so long, or lets the spare that
// there is wait so long from now on. One that nobody takes is closed.
func (d *dialer) ahead(wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	until := time.Now().Add(wait)
	if s := d.spare; s != nil && s.good() {
		if until.After(s.until) {
			s.until = until
		}
		return
	}
	if d.spare != nil {
		go d.spare.discard()
	}
	s := &spare{until: until, done: make(chan struct{})}
	d.spare = s
	go func() {
		s.link, s.err = d.dial(context.Background())
		close(s.done)
		d.expire(s)
	}()
}

// expire takes the spare away when its time is over.
func (d *dialer) expire(s *spare) {
	d.mu.Lock()
	left := time.Until(s.until)
	if left <= 0 && d.spare == s {
		d.spare = nil
		defer s.discard()
	}
	mine := d.spare == s
	d.mu.Unlock()
	if mine {
		time.AfterFunc(left, func() { d.expire(s) })
	}
}

// take gives the spare, or nil if there is none, to whoever connects with it.
func (d *dialer) take() *spare {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.spare
	d.spare = nil
	return s
}

// connect gives the spare's connection if that is good, or else dials; the spare may be
// nil. To wait for one that is on its way is never slower than to dial anew.
func (d *dialer) connect(ctx context.Context, s *spare) (*link, error) {
	if s == nil {
		return d.dial(ctx)
	}
	select {
	case <-s.done:
		if s.err != nil { // some time ago
			return d.dial(ctx)
		}
	default:
		select {
		case <-s.done:
		case <-ctx.Done():
			go s.discard()
			return nil, ctx.Err()
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	if !s.link.established() {
		s.link.Close()
		return d.dial(ctx)
	}
	return s.link, nil
}

// good tells whether the spare is on its way, or can be used.
func (s *spare) good() bool {
	select {
	case <-s.done:
		return s.err == nil && s.link.established()
	default:
		return true
	}
}

func (s *spare) discard() {
	if <-s.done; s.link != nil {
		s.link.Close()
	}
}

// established asks the kernel whether the peer has closed or reset a connection
// that waited: a request written on such a one would be lost, and we could not
// prove it. Data that has come in, such as TLS session tickets, is no sign.
func (l *link) established() bool {
	const tcpEstablished = 1 // tcp(7), TCP_INFO
	raw, err := l.tcp.SyscallConn()
	if err != nil {
		return false
	}
	state := uint8(0)
	raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			state = info.State
		}
	})
	return state == tcpEstablished
}
