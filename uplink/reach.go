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

// A Reach is how far a harmless GET came on its way to the platform. The first error that is
// not nil ended it.
type Reach struct {
	Host, Port string
	Addresses  []string // what DNS says about Host
	DNS        error
	TCP        error
	TLS        error
	Clock      bool      // TLS: the certificate is not valid at our time
	Lost       bool      // TLS: the connection was lost, or nobody answered
	Expires    time.Time // when the certificate ends; zero without TLS
	HTTP       error
	Status     int       // of the answer: 404 with a good key, 401 with a bad one
	Date       time.Time // the platform's clock, zero if the answer does not tell
}

// CheckReach goes to the platform step by step, for at most 8 s, and asks it for a session that
// cannot exist. It creates nothing there.
func (p *Platform) CheckReach(ctx context.Context) (reach Reach) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()

	var err error
	if reach.Host, reach.Port, err = net.SplitHostPort(p.dialer.host); err != nil {
		reach.DNS = err
		return reach
	}
	if reach.Addresses, reach.DNS = net.DefaultResolver.LookupHost(ctx, reach.Host); reach.DNS != nil {
		return reach
	}

	raw, err := p.dialer.net.DialContext(ctx, "tcp", p.dialer.host)
	if err != nil {
		reach.TCP = err
		return reach
	}
	defer raw.Close()

	if p.dialer.tls != nil {
		if reach.Expires, reach.TLS = p.checkHandshake(ctx, raw); reach.TLS != nil {
			reach.Clock = reasonOf(reach.TLS) == scan.ReasonClock
			reach.Lost = lostInHandshake(reach.TLS)
			return reach
		}
	}

	a := newAttempts(p.dialer)
	a.release()
	resp, err := p.askForNoSession(ctx, a)
	if err != nil {
		reach.HTTP = err
		return reach
	}
	resp.Body.Close()
	reach.Status = resp.StatusCode
	reach.Date, _ = http.ParseTime(resp.Header.Get("Date"))

	return reach
}

// checkHandshake tries TLS on a connection, and returns when the platform's certificate ends.
func (p *Platform) checkHandshake(ctx context.Context, raw net.Conn) (time.Time, error) {
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
