// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// An Examination is how far a harmless GET came. The first error that is not nil
// ended it.
type Examination struct {
	Host, Port string
	Addresses  []string
	DNS        error
	TCP        error
	TLS        error
	Clock      bool      // TLS: the certificate is not valid at our time
	Lost       bool      // TLS: the connection was lost, or nobody answered
	Expires    time.Time // the certificate; zero without TLS
	HTTP       error
	Status     int       // of the answer: 404 with a good key, 401 with a bad one
	Date       time.Time // the platform's clock, zero if it did not say
}

// Examine goes to the platform step by step, and asks it for a session that
// cannot exist. It creates nothing there.
func (p *Platform) Examine(ctx context.Context) (x Examination) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var err error
	if x.Host, x.Port, err = net.SplitHostPort(p.dialer.host); err != nil {
		x.DNS = err
		return x
	}
	if x.Addresses, x.DNS = net.DefaultResolver.LookupHost(ctx, x.Host); x.DNS != nil {
		return x
	}
	raw, err := p.dialer.net.DialContext(ctx, "tcp", p.dialer.host)
	if err != nil {
		x.TCP = err
		return x
	}
	defer raw.Close()
	if p.dialer.tls != nil {
		if x.Expires, x.TLS = p.shake(ctx, raw); x.TLS != nil {
			x.Clock = reasonNotSent(x.TLS) == scan.ReasonClock
			x.Lost = lostInHandshake(x.TLS)
			return x
		}
	}
	s := newSending(time.Time{})
	req, err := p.request(s.in(ctx), http.MethodGet, nil, "sessions", noSession)
	if err != nil {
		x.HTTP = err
		return x
	}
	resp, err := p.client.Do(req)
	if err != nil {
		x.HTTP = err
		return x
	}
	resp.Body.Close()
	x.Status = resp.StatusCode
	x.Date, _ = http.ParseTime(resp.Header.Get("Date"))
	return x
}

// shake tries TLS, and tells when the certificate ends.
func (p *Platform) shake(ctx context.Context, raw net.Conn) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	c := tls.Client(raw, p.dialer.tls)
	if err := c.HandshakeContext(ctx); lostInHandshake(err) {
		return time.Time{}, err
	} else if err != nil {
		return time.Time{}, &handshakeError{err}
	}
	return c.ConnectionState().PeerCertificates[0].NotAfter, nil
}
