// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync"
	"time"
)

// A Clock is the time by which certificates are checked, on a board that may
// have started in 1970 and whose wall clock may be stepped at any moment.
//
// Until the platform has answered, it is the wall clock, but never earlier than
// its floor: the latest moment that is known to have passed, which is when the
// program was built, or what was kept of the last Date. From the first answer
// over an authenticated connection on it is that answer's Date, carried on by
// time since then, which nobody can step. The floor only rises.
type Clock struct {
	wall func() time.Time

	mu    sync.Mutex
	floor time.Time
	date  time.Time // of the newest authenticated answer; zero before the first
	came  time.Time // when it came, by a clock that nobody steps
}

// NewClock returns a clock with the latest of floors as its floor. It reads the
// board's time from wall.
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
		now = c.date.Add(time.Since(c.came))
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

func (c *Clock) raise(t time.Time) {
	if t = t.Truncate(time.Second); t.After(c.floor) {
		c.floor = t
	}
}

// A period is when certificates are valid.
type period struct{ from, to time.Time }

// authenticated takes the Date of an answer on a connection whose certificates are
// all valid in proof. A Date outside of that contradicts its own proof, and would
// shut the station out for good.
func (c *Clock) authenticated(date time.Time, proof period) {
	if date.Before(proof.from) || date.After(proof.to) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.date, c.came = date, time.Now()
	c.raise(date)
}
