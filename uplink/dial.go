// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A platform that is reached in more time than this is of no use to a person who waits 8 s in all.
const (
	dialTimeout = 3 * time.Second
	tlsTimeout  = 3 * time.Second
)

// A dialer makes connections to the platform: one for each attempt of a request, and one ahead
// of a request that is about to come.
type dialer struct {
	net  net.Dialer
	tls  *tls.Config // nil for plain http, which is for loopback only
	host string      // host:port

	mu    sync.Mutex // guards spare: taps, requests and timers share it
	spare *spare     // the connection that was made ahead, or is on its way; nil without one
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
			// A resumed session spares the certificates and their check, on the board and on a
			// metered link.
			ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}
	}

	return d
}

// A link is a connection on which nothing has been written yet.
type link struct {
	net.Conn
	tcp   *net.TCPConn // below TLS
	proof period       // when the certificates that authenticated it are all valid; zero without TLS
}

// dial connects, TLS included.
func (d *dialer) dial(ctx context.Context) (*link, error) {
	raw, err := d.net.DialContext(ctx, "tcp", d.host)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: raw, tcp: raw.(*net.TCPConn)}
	if d.tls == nil {
		return l, nil
	}

	c := tls.Client(raw, d.tls)
	ctx, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		if lostInHandshake(err) {
			return nil, err
		}
		return nil, &handshakeError{err}
	}
	l.Conn = c

	// The chain is valid while each of its certificates is.
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

// established asks the kernel whether the peer has closed or reset a connection that waited. A
// request that is written on such a connection is lost, and nobody can prove it. Data that has
// come in, such as TLS session tickets, is no sign of an end.
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
