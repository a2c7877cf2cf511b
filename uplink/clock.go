// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync/atomic"
	"time"
)

// A Clock is the time by which certificates are checked, on a board that may
// have started in 1970: never earlier than its floor. The floor is the latest
// moment that is known to have passed: when the program was built, and the Date
// of answers that came over an authenticated connection. It only rises.
type Clock struct {
	floor atomic.Int64 // Unix seconds
}

// NewClock returns a clock with the latest of floors as its floor.
func NewClock(floors ...time.Time) *Clock {
	c := &Clock{}
	for _, t := range floors {
		c.raise(t)
	}
	return c
}

// Now is the later of the board's clock and the floor.
func (c *Clock) Now() time.Time {
	now := time.Now()
	if floor := c.Floor(); now.Before(floor) {
		return floor
	}
	return now
}

// Floor is the latest moment that is known to have passed, to the second.
func (c *Clock) Floor() time.Time { return time.Unix(c.floor.Load(), 0) }

// raise lifts the floor to t if it is lower.
func (c *Clock) raise(t time.Time) {
	for {
		old := c.floor.Load()
		if t.Unix() <= old || c.floor.CompareAndSwap(old, t.Unix()) {
			return
		}
	}
}

// authenticated takes the Date of an answer on a connection whose certificate is
// valid until notAfter. A Date beyond that contradicts its own proof, and would
// shut the station out for good.
func (c *Clock) authenticated(date, notAfter time.Time) {
	if !date.After(notAfter) {
		c.raise(date)
	}
}
