// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"time"
)

// How long a connection that was made ahead may wait. Servers give a new connection longer than
// that, and one that the server has closed is not used.
const (
	tapWait     = 2 * time.Second  // for the scan of a tap that has begun, or for its second scan
	nextTapWait = 10 * time.Second // for the tap that a pending scan asks the person for
)

// A spare is a connection that was made ahead of its request, or is on its way. It costs the
// person nothing, while a handshake after the read would cost two or three round trips.
type spare struct {
	until time.Time     // when it is closed if nobody takes it; guarded by dialer.mu
	done  chan struct{} // closed when link or err is set
	link  *link
	err   error
}

// connectAhead begins to make a connection that may wait that long. If there is a good one
// already, that one may wait longer. A connection that nobody takes is closed.
func (d *dialer) connectAhead(wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()

	until := time.Now().Add(wait)
	if s := d.spare; s != nil && s.good() {
		if until.After(s.until) {
			s.until = until
		}
		return
	}

	// Closing waits for a dial that is under way, and must not hold the lock: it ends with the dial.
	if d.spare != nil {
		go d.spare.discard()
	}

	s := &spare{until: until, done: make(chan struct{})}
	d.spare = s

	// Ends when the connection stands or the dial has failed, within dialTimeout and tlsTimeout.
	go func() {
		s.link, s.err = d.dial(context.Background())
		close(s.done)
		d.expire(s)
	}()
}

// expire closes the spare when its time is over, and otherwise looks again then.
func (d *dialer) expire(s *spare) {
	d.mu.Lock()
	left := time.Until(s.until)
	waits := d.spare == s
	if waits && left <= 0 {
		d.spare = nil
	}
	d.mu.Unlock()

	switch {
	case waits && left <= 0:
		s.discard()
	case waits:
		time.AfterFunc(left, func() { d.expire(s) })
	}
}

// takeSpare gives the spare to the caller, who connects with it or discards it; nil without one.
func (d *dialer) takeSpare() *spare {
	d.mu.Lock()
	defer d.mu.Unlock()

	s := d.spare
	d.spare = nil

	return s
}

// connect returns the spare's connection if that is good, and dials otherwise; the spare may be
// nil. To wait for a spare that is on its way is never slower than to dial a new connection.
func (d *dialer) connect(ctx context.Context, s *spare) (*link, error) {
	if s == nil {
		return d.dial(ctx)
	}

	// A spare that failed before it was asked for says nothing about now.
	if s.failed() {
		return d.dial(ctx)
	}

	// If both are ready either may win: a connection of a request that is over is closed by net/http.
	select {
	case <-s.done:
	case <-ctx.Done():
		go s.discard() // ends with the dial that is under way
		return nil, ctx.Err()
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

// failed reports whether the dial is over and has failed.
func (s *spare) failed() bool {
	select {
	case <-s.done:
		return s.err != nil
	default:
		return false
	}
}

// good reports whether the spare is on its way, or can be used.
func (s *spare) good() bool {
	select {
	case <-s.done:
		return s.err == nil && s.link.established()
	default:
		return true
	}
}

// discard waits for the dial and closes its connection.
func (s *spare) discard() {
	<-s.done
	if s.link != nil {
		s.link.Close()
	}
}
