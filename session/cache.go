// SPDX-License-Identifier: Apache-2.0

package session

import "time"

// Carry is how long scans carry an id.
type Carry string

const (
	UntilResolved Carry = "until-resolved" // until a verdict, or until the window ends
	WholeWindow   Carry = "whole-window"   // until the window ends
)

// MaxTags is the largest number of sessions in a cache. When the cache is full, a new
// session replaces the oldest. A station serves two taps a second in the long run:
// 1,200 in the platform's ten minutes.
const MaxTags = 4096

// A Cache holds at most one session for each tag. Only one goroutine at a time may use it.
type Cache struct {
	window time.Duration
	carry  Carry
	tags   map[string]held
}

// held is the session that a tag is in. Its age is either known, from opened, or, for
// a session from before this boot, unknown until Settle.
type held struct {
	id         string
	opened     time.Duration // since boot, once the age is known; negative if before this boot
	ageUnknown bool
	inserted   time.Time // when it opened, by the platform's clock; set while the age is unknown
}

// New returns an empty cache for sessions that are live for window.
func New(window time.Duration, carry Carry) *Cache {
	return &Cache{window: window, carry: carry, tags: make(map[string]held)}
}

// Carried returns the id that a scan of the tag carries now, or "". now is the time since boot.
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

// dead is false while the age is unknown: the session could still be live.
func (h held) dead(now, window time.Duration) bool { return !h.ageUnknown && now-h.opened >= window }

// A Report is what the platform's answer to a scan says about the session.
type Report struct {
	Session string        // the id that the answer names, or ""
	Age     time.Duration // of the verification at the time of the answer, by the platform's clock
	Verdict bool          // true for valid and invalid, false for pending
}

// Answered takes the platform's answer to a scan of the tag. The cache holds whatever
// id the answer names. A verdict ends the flow, unless ids are carried for the whole window.
func (c *Cache) Answered(tag string, r Report, now time.Duration) {
	// An age below zero means that the platform's clock went back; the session is not
	// younger than its answer.
	c.take(tag, r, held{id: r.Session, opened: now - max(0, r.Age)}, now)
}

// Restore takes an answer from before this boot. inserted is when its verification was
// created, by the platform's clock. The time since boot says nothing about its age, so
// the session is carried until Settle learns the age.
func (c *Cache) Restore(tag string, r Report, inserted time.Time) {
	c.take(tag, r, held{id: r.Session, ageUnknown: true, inserted: inserted}, 0)
}

// take holds h, the session that the report is about, or ends the flow.
func (c *Cache) take(tag string, r Report, h held, now time.Duration) {
	if r.Verdict && c.carry == UntilResolved {
		delete(c.tags, tag)
		return
	}

	// A known id keeps its first opening: the window does not start again with every answer.
	if r.Session == "" || c.tags[tag].id == r.Session {
		return
	}

	if _, ok := c.tags[tag]; !ok && len(c.tags) >= MaxTags {
		c.makeRoom(now)
	}
	c.tags[tag] = h
}

// Settle works out the ages of the restored sessions, now that the platform's clock
// is known to show date.
func (c *Cache) Settle(date time.Time, now time.Duration) {
	for tag, h := range c.tags {
		if h.ageUnknown && !h.inserted.IsZero() {
			c.tags[tag] = held{id: h.id, opened: now - max(0, date.Sub(h.inserted))}
		}
	}
}

// Refused drops the id of the tag: the platform refused a scan because of it.
func (c *Cache) Refused(tag string) { delete(c.tags, tag) }

// Len returns the number of sessions held. It counts a dead session until Carried or a
// full cache removes it.
func (c *Cache) Len() int { return len(c.tags) }

// Live returns the number of sessions that a scan would carry now.
func (c *Cache) Live(now time.Duration) (n int) {
	for _, h := range c.tags {
		if !h.dead(now, c.window) {
			n++
		}
	}
	return n
}

// makeRoom removes every dead session, or the oldest one if all are live.
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
