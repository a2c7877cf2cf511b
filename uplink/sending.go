// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A seal proves whether a byte of a request can have left us. It lies above TLS,
// where a request's first byte is a request's: the handshake passes below it.
// It starts open, and goes once to written, at the first Write, or to sealed,
// after which every Write fails. Counting bytes would not do: net/http's write
// loop may still be running when the request has failed.
type seal struct{ state atomic.Int32 }

const (
	sealOpen int32 = iota
	sealWritten
	sealSealed
)

var errSealed = errors.New("the request has failed already; nothing more is sent")

// close seals, and tells whether nothing was written and so nothing ever will be.
func (s *seal) close() (unsent bool) {
	return s.state.CompareAndSwap(sealOpen, sealSealed) || s.state.Load() == sealSealed
}

type sealedConn struct {
	net.Conn
	seal   *seal
	hold   *Hold // may be nil
	closed chan struct{}
	once   sync.Once
}

func seals(c net.Conn, s *seal, hold *Hold) *sealedConn {
	return &sealedConn{Conn: c, seal: s, hold: hold, closed: make(chan struct{})}
}

// Close ends a Write that is held back: net/http waits for that.
func (c *sealedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (c *sealedConn) Write(b []byte) (int, error) {
	if c.hold != nil {
		select {
		case <-c.hold.released:
		case <-c.closed:
			return 0, errSealed
		}
	}
	if !c.seal.state.CompareAndSwap(sealOpen, sealWritten) && c.seal.state.Load() == sealSealed {
		return 0, errSealed
	}
	return c.Conn.Write(b)
}

const (
	maxResends   = 2
	resendWithin = 3 * time.Second // of the tap
	resendFirst  = 100 * time.Millisecond
	resendLast   = 800 * time.Millisecond
)

// A sending is one request on its way, through however many attempts. Each
// attempt has a seal of its own, and a connection that was made for an attempt
// can write for no other.
type sending struct {
	resendUntil time.Time // zero: never
	ahead       bool      // may use a connection that was dialled ahead
	next        bool      // another follows
	hold        *Hold     // may be nil

	mu      sync.Mutex
	seal    *seal
	resends int
	connect time.Duration // waited for connections when nothing else held it
	proof   period        // of the last connection's certificates
	unsent  error         // why the last sealed attempt failed
}

type sendingKey struct{}

func newSending(resendUntil time.Time) *sending {
	return &sending{resendUntil: resendUntil, seal: &seal{}}
}

func (s *sending) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, sendingKey{}, s)
}

func sendingOf(ctx context.Context) *sending {
	s, _ := ctx.Value(sendingKey{}).(*sending)
	return s
}

// conn puts the attempt's seal on a new connection.
func (s *sending) conn(ctx context.Context, d *dialer) (net.Conn, error) {
	s.mu.Lock()
	seal := s.seal
	s.mu.Unlock()
	begun := time.Now()
	var spare *spare
	if s.ahead {
		spare = d.take()
	}
	if s.next {
		d.ahead(tapWait)
	}
	l, err := d.connect(ctx, spare)
	if err == nil && s.next {
		d.ahead(tapWait) // from now on
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connect += s.hold.since(begun)
	if err != nil {
		return nil, err
	}
	s.proof = l.proof
	return seals(l.Conn, seal, s.hold), nil
}

// connected is how long the sending waited for its connections.
func (s *sending) connected() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connect
}

// authenticated is when the certificates of the last connection are valid, or zero
// without TLS.
func (s *sending) authenticated() period {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proof
}

// again tells whether the request may be sent once more, and prepares for it: it
// failed before a byte was written, and for a reason that may pass.
func (s *sending) again(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.seal.close() {
		s.unsent = nil
		return false
	}
	s.unsent = err
	if s.resends == maxResends || !time.Now().Before(s.resendUntil) || lasts(reasonNotSent(err)) {
		return false
	}
	s.resends++
	s.seal = &seal{}
	return true
}

// close ends the sending, and returns why nothing of it was sent, or nil if
// something may have been.
func (s *sending) close(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.seal.close():
		return nil
	case s.unsent != nil:
		return s.unsent
	default:
		return err
	}
}

// checkRetry is go-retryablehttp's CheckRetry: a POST is sent again only if it
// is proven that nothing of it was, a probe never, and any other GET freely.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, nil
	}
	if s := sendingOf(ctx); s != nil {
		return err != nil && s.again(err), nil
	}
	return err != nil && !lasts(reasonNotSent(err)) || resp != nil && (resp.StatusCode == 429 || resp.StatusCode >= 500), nil
}

// backoff is go-retryablehttp's Backoff: half of a doubling wait and a random
// part of the other half, or what the platform asks for, capped.
func backoff(first, last time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := min(first<<min(attempt, 10), last)
	wait = wait/2 + rand.N(wait/2)
	if resp != nil {
		wait = max(wait, min(retryAfter(resp), longestHold))
	}
	return wait
}

// lasts reports whether no second attempt mends the reason.
func lasts(r scan.Reason) bool { return r == scan.ReasonTLS || r == scan.ReasonClock }

// reasonNotSent tells by its type why a connection was not made.
func reasonNotSent(err error) scan.Reason {
	var (
		dns     *net.DNSError
		shake   *handshakeError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &dns):
		return scan.ReasonDNS
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return scan.ReasonClock
	case errors.As(err, &shake):
		return scan.ReasonTLS
	default:
		return scan.ReasonNetwork
	}
}

var errMalformed = errors.New("the answer is not HTTP as it should be")

const longestError = 200 // bytes in a log

// shown is an error as a log may have it. net/http quotes what it cannot read, and
// a proxy that echoes our header would have it quote the key: whatever is not
// known to be the network's own words is left out.
func shown(err error) error {
	var (
		op    *net.OpError
		dns   *net.DNSError
		shake *handshakeError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &shake):
		err = shake
	case errors.As(err, &dns):
		err = dns
	case errors.As(err, &op):
		err = op
	case errors.Is(err, context.DeadlineExceeded):
		err = context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		err = context.Canceled
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = io.ErrUnexpectedEOF
	case errors.Is(err, errAnswer):
	default:
		err = errMalformed
	}
	if text := err.Error(); len(text) > longestError {
		return errors.New(text[:longestError] + "…")
	}
	return err
}
