// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// When a submission of which nothing has left the station is repeated. A person holds the
// object for about that long.
const (
	maxResends   = 2
	resendWithin = 3 * time.Second        // of the tap
	resendFirst  = 100 * time.Millisecond // before the first repetition; it doubles
	resendLast   = 800 * time.Millisecond
)

// A seal proves whether a byte of a request can have left the station.
//
// It lies above TLS, where the first byte that is written is the request's own: the handshake
// passes below it. It begins open, and changes once: to written, at the first Write, or to
// closed, after which every Write fails. To count bytes would not do: net/http's write loop
// may still be running when the request has failed.
//
//	open --Write--> written
//	  '---close---> closed
type seal struct{ state atomic.Int32 }

const (
	sealOpen int32 = iota
	sealWritten
	sealClosed
)

var errSealed = errors.New("the request has failed already; nothing more is sent")

// close closes the seal. It returns true if nothing was written before; then nothing ever will be.
func (s *seal) close() (unsent bool) {
	return s.state.CompareAndSwap(sealOpen, sealClosed) || s.state.Load() == sealClosed
}

// pass reports whether a Write may go on, and remembers the first one.
func (s *seal) pass() bool {
	return s.state.CompareAndSwap(sealOpen, sealWritten) || s.state.Load() != sealClosed
}

// A sealedConn is the connection of one attempt. It writes nothing before the request is
// released, and nothing after its seal is closed.
type sealedConn struct {
	net.Conn
	seal     *seal
	released <-chan struct{}
	closed   chan struct{}
	once     sync.Once
}

func newSealedConn(c net.Conn, s *seal, released <-chan struct{}) *sealedConn {
	return &sealedConn{Conn: c, seal: s, released: released, closed: make(chan struct{})}
}

// Close also ends a Write that is held back, since net/http waits for its write loop.
func (c *sealedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// Write blocks until the request is released.
func (c *sealedConn) Write(b []byte) (int, error) {
	// If both are ready either may win. A Write that goes on after Close fails at the closed connection.
	select {
	case <-c.released:
	case <-c.closed:
		return 0, errSealed
	}

	if !c.seal.pass() {
		return 0, errSealed
	}

	return c.Conn.Write(b)
}

// attempts is one HTTP request on its way to the platform, through one attempt or more. Each
// attempt has a seal and a connection of its own, so that a connection that was made for one
// attempt cannot write for another.
type attempts struct {
	dialer      *dialer
	repeatUntil time.Time // zero: one attempt alone
	usesSpare   bool      // may take the connection that was made ahead
	another     bool      // another request follows at once

	released   chan struct{} // closed by release
	releasedAt time.Time     // set before released is closed

	mu      sync.Mutex    // guards what follows: net/http dials in a goroutine of its own
	seal    *seal         // of the attempt that is under way
	resends int           // repetitions so far, at most maxResends
	connect time.Duration // spent waiting for connections, counted from the release
	proof   period        // when the last connection's certificates are all valid; zero without TLS
	unsent  error         // why the last sealed attempt failed
}

// newAttempts is a request that is held back until its release.
func newAttempts(d *dialer) *attempts {
	return &attempts{dialer: d, seal: &seal{}, released: make(chan struct{})}
}

// release lets the request go, for good. It is called once.
func (a *attempts) release() {
	a.releasedAt = time.Now()
	close(a.released)
}

// heldBack reports whether the request has not been released.
func (a *attempts) heldBack() bool {
	select {
	case <-a.released:
		return false
	default:
		return true
	}
}

// sinceReleased returns the time elapsed since the later of t and the release, and 0 while the
// request is held back.
func (a *attempts) sinceReleased(t time.Time) time.Duration {
	if a.heldBack() {
		return 0
	}
	if a.releasedAt.After(t) {
		t = a.releasedAt
	}

	return time.Since(t)
}

// dial makes the connection of one attempt, and puts the attempt's seal on it. net/http names
// the address, and it is always the platform's: no redirect is followed.
func (a *attempts) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	a.mu.Lock()
	seal := a.seal
	a.mu.Unlock()

	begun := time.Now()
	var ahead *spare
	if a.usesSpare {
		ahead = a.dialer.takeSpare()
	}
	// The new spare is for the request that follows. It is made after this request took the old one.
	if a.another {
		a.dialer.connectAhead(tapWait)
	}

	l, err := a.dialer.connect(ctx, ahead)
	if err == nil && a.another {
		a.dialer.connectAhead(tapWait) // its wait counts from now on
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	a.connect += a.sinceReleased(begun)
	if err != nil {
		return nil, err
	}
	a.proof = l.proof

	return newSealedConn(l.Conn, seal, a.released), nil
}

// connectTime is how long the request waited for its connections.
func (a *attempts) connectTime() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()

	return a.connect
}

// certificates is when the certificates of the last connection are all valid, zero without TLS.
func (a *attempts) certificates() period {
	a.mu.Lock()
	defer a.mu.Unlock()

	return a.proof
}

// repetitions is how many times the request was repeated.
func (a *attempts) repetitions() int {
	a.mu.Lock()
	defer a.mu.Unlock()

	return a.resends
}

// mayRepeat is go-retryablehttp's CheckRetry for a request that must not arrive twice. It
// allows another attempt only if the last one failed before a byte was written, and for a
// reason that may pass.
func (a *attempts) mayRepeat(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if ctx.Err() != nil || err == nil {
		return false, nil
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.seal.close() {
		a.unsent = nil
		return false, nil
	}
	a.unsent = err
	if a.resends == maxResends || !time.Now().Before(a.repeatUntil) || lasts(reasonOf(err)) {
		return false, nil
	}

	a.resends++
	a.seal = &seal{}

	return true, nil
}

// end closes the request's last seal. It returns why nothing of the request was sent, or nil
// if something may have been.
func (a *attempts) end(err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !a.seal.close():
		return nil
	case a.unsent != nil:
		return a.unsent
	default:
		return err
	}
}

// mayRepeatGET is go-retryablehttp's CheckRetry for a GET, which changes nothing at the
// platform and may arrive any number of times.
func mayRepeatGET(ctx context.Context, resp *http.Response, err error) (bool, error) {
	switch {
	case ctx.Err() != nil:
		return false, nil
	case err != nil:
		return !lasts(reasonOf(err)), nil
	default:
		return resp != nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500), nil
	}
}

// lasts reports whether no second attempt mends the reason within seconds.
func lasts(r scan.Reason) bool { return r == scan.ReasonTLS || r == scan.ReasonClock }

// backoff is go-retryablehttp's Backoff: half of a wait that doubles, and a random part of the
// other half, so that stations do not come back together; or what the platform asks for, capped.
func backoff(first, last time.Duration, attempt int, resp *http.Response) time.Duration {
	// 10 doublings are beyond any cap that is used here, and keep the shift in range.
	wait := min(first<<min(attempt, 10), last)
	wait = wait/2 + rand.N(wait/2)
	if resp != nil {
		wait = max(wait, min(retryAfter(resp), longestPause))
	}

	return wait
}
