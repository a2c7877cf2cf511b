// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync"
	"time"
)

// A Clock is the time by which certificates are checked, on a board that may
// have started in 1970 and whose wall clock may be stepped at any moment.
//
// Until the platform has answered, it shows the wall clock, but never earlier than its floor:
// the latest moment that is known to have passed, which is when the program was built, or the
// last Date that was stored. From the first answer over an authenticated connection on, it shows
// that answer's Date plus the time that has elapsed since, which nobody can step. The floor only
// rises. A Clock may be used from any goroutine.
type Clock struct {
	wall func() time.Time

	mu      sync.Mutex // guards what follows
	floor   time.Time
	date    time.Time // of the newest authenticated answer; zero before the first
	arrived time.Time // when that answer came, with the monotonic clock, which nobody steps
}

// NewClock returns a clock whose floor is the latest of floors. It reads the board's time from
// wall.
func NewClock(wall func() time.Time, floors ...time.Time) *Clock {
	c := &Clock{wall: wall, floor: time.Unix(0, 0)}
	for _, t := range floors {
		c.raise(t)
	}

	return c
}

// Now is the time by which certificates are checked.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	now := c.wall()
	if !c.date.IsZero() {
		now = c.date.Add(time.Since(c.arrived))
	}
	if now.Before(c.floor) {
		return c.floor
	}

	return now
}

// Floor is the latest moment that is known to have passed, to the second.
func (c *Clock) Floor() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.floor
}

// raise lifts the floor to t, if t is later. mu is held, or nobody else has the clock yet.
func (c *Clock) raise(t time.Time) {
	if t = t.Truncate(time.Second); t.After(c.floor) {
		c.floor = t
	}
}

// A period is the time in which a set of certificates is valid.
type period struct{ from, to time.Time }

// authenticated sets the clock by the Date of an answer on a connection whose certificates are
// all valid in proof. A Date outside of proof contradicts it, and would shut the station out for
// good.
func (c *Clock) authenticated(date time.Time, proof period) {
	if date.Before(proof.from) || date.After(proof.to) {
		return
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.date, c.arrived = date, time.Now()
	c.raise(date)
}
