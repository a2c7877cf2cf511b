// SPDX-License-Identifier: Apache-2.0

// Package session knows which session a tag is in, and for how long.
//
// A session is one verification flow on one tag. The platform opens it when a
// scan arrives without one, names it in the answer, and keeps it live for ten
// minutes. Carrying its id on the next scan of the same tag lets the platform
// resolve pending into valid or invalid. Dropping a live id costs the person a
// tap and carrying a dead one costs nothing, so an id is dropped only when it is
// provably dead.
//
// No moment here is the board's wall clock: ages come from the platform's clock
// and from time since boot, which nobody can step.
package session

import "time"

// Carry says for how long an id is carried.
type Carry string

const (
	UntilResolved Carry = "until-resolved" // until a verdict, or the window's end
	WholeWindow   Carry = "whole-window"   // until the window's end
)

// MaxTags is how many sessions a cache holds at most; the tag whose session is oldest makes room.
const MaxTags = 4096

// A Cache holds at most one session a tag. It is used by one goroutine.
type Cache struct {
	window time.Duration
	carry  Carry
	tags   map[string]held
}

type held struct {
	id       string
	opened   time.Duration // since boot
	unknown  bool          // opened before this boot; how long ago is not known yet
	inserted time.Time     // when it was opened, by the platform's clock; for unknown ones
}

// New returns an empty cache for sessions that are live for window.
func New(window time.Duration, carry Carry) *Cache {
	return &Cache{window: window, carry: carry, tags: make(map[string]held)}
}

// Carried returns the id that a scan of the tag carries now, or "".
func (c *Cache) Carried(tag string, now time.Duration) string {
	h, ok := c.tags[tag]
	if !ok {
		return ""
	}
	if h.dead(now, c.window) {
		delete(c.tags, tag)
		return ""
	}
	return h.id
}

func (h held) dead(now, window time.Duration) bool { return !h.unknown && now-h.opened >= window }

// An Answer is what the platform said of a session in answer to a scan.
type Answer struct {
	Session string        // the id that it names, or ""
	Age     time.Duration // of the verification when it was answered, by the platform's clock
	Verdict bool          // valid or invalid, as against pending
}

// Answered takes the platform's answer to a scan of the tag. Whatever id the
// answer names is the one we hold; a verdict ends the flow.
func (c *Cache) Answered(tag string, a Answer, now time.Duration) {
	if a.Verdict && c.carry == UntilResolved {
		delete(c.tags, tag)
		return
	}
	if a.Session == "" || c.tags[tag].id == a.Session {
		return
	}
	c.hold(tag, held{id: a.Session, opened: now - max(0, a.Age)}, now)
}

// Restore takes an answer from before the board was started anew, and when its
// verification was created by the platform's clock. Time since boot says nothing
// of its age: the session is carried until Settle knows.
func (c *Cache) Restore(tag string, a Answer, inserted time.Time) {
	if a.Verdict && c.carry == UntilResolved {
		delete(c.tags, tag)
		return
	}
	if a.Session == "" || c.tags[tag].id == a.Session {
		return
	}
	c.hold(tag, held{id: a.Session, unknown: true, inserted: inserted}, 0)
}

// Settle finds the age of what was restored, when the platform's clock shows date.
func (c *Cache) Settle(date time.Time, now time.Duration) {
	for tag, h := range c.tags {
		if h.unknown && !h.inserted.IsZero() {
			c.tags[tag] = held{id: h.id, opened: now - max(0, date.Sub(h.inserted))}
		}
	}
}

func (c *Cache) hold(tag string, h held, now time.Duration) {
	if _, ok := c.tags[tag]; !ok && len(c.tags) >= MaxTags {
		c.makeRoom(now)
	}
	c.tags[tag] = h
}

// Refused takes the platform's refusal of a scan that carried an id, by which
// the id is known to be no good for this tag.
func (c *Cache) Refused(tag string) { delete(c.tags, tag) }

// Len is the number of sessions held, dead ones included until they are met.
func (c *Cache) Len() int { return len(c.tags) }

// Live is the number of sessions that a scan would carry now.
func (c *Cache) Live(now time.Duration) (n int) {
	for _, h := range c.tags {
		if !h.dead(now, c.window) {
			n++
		}
	}
	return n
}

func (c *Cache) makeRoom(now time.Duration) {
	var oldest string
	for tag, h := range c.tags {
		if h.dead(now, c.window) {
			delete(c.tags, tag)
			continue
		}
		if o, ok := c.tags[oldest]; !ok || h.opened < o.opened {
			oldest = tag
		}
	}
	if len(c.tags) >= MaxTags {
		delete(c.tags, oldest)
	}
}
