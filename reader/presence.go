// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"
	"time"
)

const (
	awayFor   = 300 * time.Millisecond // a tag that was away for less has not left
	tapsApart = time.Second            // the same tag counts at most once in this time

	// At most this much of the time between two looks counts as away: a reader that
	// could not look does not know.
	maxGap = 100 * time.Millisecond
)

// never is later than any moment at which a tap is due.
var never = time.Unix(1<<40, 0)

// A tagPresence is how long one tag has been away, and when it last counted as a tap.
type tagPresence struct {
	uid     []byte
	away    time.Duration // the sum of looks that did not find it; 0 if the last one did
	tapped  time.Time     // when it last counted as a tap; zero if that is not known
	counted bool          // the present stay has had its tap
}

// presence tells a new tap from a tag that lies still or flickers at the edge of the field.
// It remembers the tags of the last second:
//
//	           arrive: a tap         no look finds it
//	unknown ------------------> there <--------------> away -- 300 ms --> left
//	   ^                          ^                                        |
//	   |                          +- arrive: a tap, 1 s after the last one +
//	   +--------------------------------------- away for a second ---------+
type presence struct {
	tags   []tagPresence
	looked time.Time // when the reader last answered a look
}

// arrive notes that the tag was selected at now, and returns when it counts as
// a tap: now for a new one, later for one that had its last tap less than a second ago,
// never for one that has not been away. An arrival that is due is counted.
func (p *presence) arrive(uid []byte, now time.Time) (due time.Time) {
	gap := p.gap(now)
	p.pass(gap, uid)

	tag := p.find(uid)
	if tag == nil {
		p.tags = append(p.tags, tagPresence{uid: uid, tapped: now, counted: true})
		return now
	}

	// The tag may have come back at any moment since the last look: the gap counts as away,
	// but only for a tag that a look has missed before.
	if tag.away > 0 && tag.away+gap >= awayFor {
		tag.counted = false
	}
	tag.away = 0

	if tag.counted {
		return never
	}
	// A tag at the edge of the field comes and goes: a second at least lies between two of its taps.
	if due := tag.tapped.Add(tapsApart); due.After(now) {
		return due
	}
	tag.tapped, tag.counted = now, true
	return now
}

// seen notes that the tag is still there.
func (p *presence) seen(uid []byte, now time.Time) {
	p.pass(p.gap(now), uid)
	if tag := p.find(uid); tag != nil {
		tag.away = 0
	}
}

// nobody notes a look that found no tag.
func (p *presence) nobody(now time.Time) { p.pass(p.gap(now), nil) }

// unanswered notes a look without a clear answer, or that the reader was opened again:
// a tag that seemed to be leaving may have been there. One that had left has still left.
func (p *presence) unanswered(now time.Time) {
	p.looked = now
	for i := range p.tags {
		if tag := &p.tags[i]; tag.away < awayFor {
			tag.away = 0
		}
	}
}

// resting notes a tag that lies on the reader and has had its tap, whenever that was.
func (p *presence) resting(uid []byte) {
	if tag := p.find(uid); tag != nil {
		tag.away, tag.counted = 0, true
		return
	}
	p.tags = append(p.tags, tagPresence{uid: uid, counted: true})
}

// missed notes how long the tag has been away, if that is known better than from looks.
func (p *presence) missed(uid []byte, away time.Duration) {
	if tag := p.find(uid); tag != nil {
		tag.away = away
	}
}

// forget makes the tag's next arrival a tap, however soon.
func (p *presence) forget(uid []byte) {
	p.tags = slices.DeleteFunc(p.tags, func(tag tagPresence) bool { return sameTag(tag.uid, uid) })
}

// has reports whether the tag is there, or was away for too short a time to have left.
func (p *presence) has(uid []byte) bool {
	tag := p.find(uid)
	return tag != nil && tag.away < awayFor
}

// expectsNobody reports whether no tag is remembered: whatever comes is a tap at once.
func (p *presence) expectsNobody() bool { return len(p.tags) == 0 }

// gap returns how much of the time since the last answered look counts.
func (p *presence) gap(now time.Time) time.Duration {
	gap := min(now.Sub(p.looked), maxGap)
	p.looked = now
	return gap
}

// pass lets time pass for all tags except the one that is there (nil: none is), and forgets
// those that were away for a second: their next arrival is a tap in any case.
func (p *presence) pass(gap time.Duration, there []byte) {
	p.tags = slices.DeleteFunc(p.tags, func(tag tagPresence) bool {
		return tag.away+gap >= tapsApart && !sameTag(tag.uid, there)
	})
	for i := range p.tags {
		if tag := &p.tags[i]; !sameTag(tag.uid, there) {
			tag.away += gap
		}
	}
}

func (p *presence) find(uid []byte) *tagPresence {
	for i := range p.tags {
		if sameTag(p.tags[i].uid, uid) {
			return &p.tags[i]
		}
	}
	return nil
}
