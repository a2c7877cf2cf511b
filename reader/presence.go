// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
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
	target  Target
	away    time.Duration // the sum of looks that did not find it; 0 if the last one did
	tapped  time.Time     // when it last counted as a tap; zero if that is not known
	counted bool          // the present stay has had its tap
	since   time.Time     // when the present stay began
	halted  bool          // it is in HALT, where no look finds it
	beside  bool          // it lies beside another tag, which looks find in its place
	renewed bool          // its UID is random, and the reader has switched the field: it has another one now
}

// presence tells a new tap from a tag that lies still or flickers at the edge of the field.
// It remembers the tags of the last second:
//
//	           arrive: a tap         no look finds it
//	unknown ------------------> there <--------------> away -- 300 ms --> left
//	   ^                          ^                                        |
//	   |                          +- arrive: a tap, 1 s after the last one +
//	   +--------------------------------------- away for a second ---------+
//
// A tag with a random UID has left with the first look that should find it and does not: nothing tells
// whether what comes then is the same tag. While it is there, only the reader's own switching of the
// field changes its UID.
type presence struct {
	tags   []tagPresence
	looked time.Time // when the reader last answered a look
}

// arrive notes that the tag was selected at now, and returns when it counts as
// a tap: now for a new one, later for one that had its last tap less than a second ago,
// never for one that has not been away. An arrival that is due is counted.
func (p *presence) arrive(t Target, now time.Time) (due time.Time) {
	gap := p.gap(now)
	p.pass(gap, t.UID)

	tag := p.find(t.UID)
	if tag == nil {
		tag = p.renewedAs(t)
	}
	if tag == nil {
		p.tags = append(p.tags, tagPresence{target: t, tapped: now, counted: true, since: now})
		return now
	}

	// The tag may have come back at any moment since the last look: the gap counts as away,
	// but only for a tag that a look has missed before.
	if tag.away > 0 && tag.away+gap >= awayFor {
		tag.counted, tag.since = false, now
	}
	tag.away, tag.halted = 0, false

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

// renewedAs returns the tag that shows itself as t since the reader switched the field, or nil.
func (p *presence) renewedAs(t Target) *tagPresence {
	for i := range p.tags {
		if tag := &p.tags[i]; tag.renewed && twins(tag.target, t) {
			tag.target, tag.renewed = t, false
			return tag
		}
	}
	return nil
}

// nobody notes a look that found no tag.
func (p *presence) nobody(now time.Time) {
	p.tags = slices.DeleteFunc(p.tags, func(tag tagPresence) bool { return randomUID(tag.target.UID) && !tag.halted })
	p.pass(p.gap(now), nil)
}

// halt notes that the tag was put to HALT, and stays there until it loses its power.
func (p *presence) halt(uid []byte) {
	if tag := p.find(uid); tag != nil {
		tag.halted = true
	}
}

// beside notes that the tag lies beside another: that another answers does not say that this one has gone.
func (p *presence) beside(uid []byte) {
	if tag := p.find(uid); tag != nil {
		tag.beside = true
	}
}

// allBeside notes that the tags in HALT lie beside one that answers.
func (p *presence) allBeside() {
	for i := range p.tags {
		p.tags[i].beside = p.tags[i].beside || p.tags[i].halted
	}
}

// noOthers notes that nobody answers but those that were put to HALT.
func (p *presence) noOthers() {
	for i := range p.tags {
		p.tags[i].beside = p.tags[i].beside && p.tags[i].halted
	}
	p.tags = slices.DeleteFunc(p.tags, func(tag tagPresence) bool { return randomUID(tag.target.UID) && !tag.halted })
}

// switched notes that the reader has switched the field off and on: nobody is in HALT any more, and the tags
// with random UIDs have new ones.
func (p *presence) switched() {
	for i := range p.tags {
		p.tags[i].halted, p.tags[i].renewed = false, randomUID(p.tags[i].target.UID)
	}
}

// forgetRandom forgets all tags with random UIDs but those that show themselves so now: the others cannot
// be there any more, or nobody knows whether they are.
func (p *presence) forgetRandom(but ...Target) {
	p.tags = slices.DeleteFunc(p.tags, func(tag tagPresence) bool {
		is := func(t Target) bool { return bytes.Equal(tag.target.UID, t.UID) }
		return randomUID(tag.target.UID) && !slices.ContainsFunc(but, is)
	})
}

// rename notes that the tag shows itself as t now.
func (p *presence) rename(uid []byte, t Target) {
	if tag := p.find(uid); tag != nil {
		tag.target, tag.renewed = t, false
	}
}

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
func (p *presence) resting(t Target) {
	if tag := p.find(t.UID); tag != nil {
		tag.away, tag.counted = 0, true
		return
	}
	p.tags = append(p.tags, tagPresence{target: t, counted: true, since: time.Now()})
}

// since returns when the tag came that has been there for the longest time; zero if none is there.
func (p *presence) since() (since time.Time) {
	for _, tag := range p.tags {
		if tag.away < awayFor && (since.IsZero() || tag.since.Before(since)) {
			since = tag.since
		}
	}
	return since
}

// missed notes how long the tag has been away, if that is known better than from looks.
func (p *presence) missed(uid []byte, away time.Duration) {
	if tag := p.find(uid); tag != nil {
		tag.away = away
	}
}

// forget makes the tag's next arrival a tap, however soon.
func (p *presence) forget(uid []byte) {
	p.tags = slices.DeleteFunc(p.tags, func(tag tagPresence) bool { return bytes.Equal(tag.target.UID, uid) })
}

// has reports whether the tag is there, or was away for too short a time to have left.
func (p *presence) has(uid []byte) bool {
	tag := p.find(uid)
	return tag != nil && tag.away < awayFor
}

// expectsNobody reports whether no tag is remembered but in HALT: whatever comes is a tap at once.
func (p *presence) expectsNobody() bool {
	return !slices.ContainsFunc(p.tags, func(tag tagPresence) bool { return !tag.halted })
}

// halted reports whether the tag is in HALT. If it answers a look all the same, it has kept its power, unless its UID
// is not random.
func (p *presence) halted(uid []byte) bool {
	tag := p.find(uid)
	return tag != nil && tag.halted
}

// lost notes that the selected tag does not answer any more. One with a random UID has left.
func (p *presence) lost(uid []byte) {
	if randomUID(uid) {
		p.forget(uid)
	}
}

// hushed reports whether a tag is in HALT.
func (p *presence) hushed() bool {
	return slices.ContainsFunc(p.tags, func(tag tagPresence) bool { return tag.halted })
}

// gap returns how much of the time since the last answered look counts.
func (p *presence) gap(now time.Time) time.Duration {
	gap := min(now.Sub(p.looked), maxGap)
	p.looked = now
	return gap
}

// pass lets time pass for all tags except the one that is there (nil: none is), those beside it and those in
// HALT, and forgets those that were away for a second: their next arrival is a tap in any case.
func (p *presence) pass(gap time.Duration, there []byte) {
	passes := func(tag tagPresence) bool {
		return !tag.halted && !bytes.Equal(tag.target.UID, there) && (there == nil || !tag.beside)
	}
	p.tags = slices.DeleteFunc(p.tags, func(tag tagPresence) bool { return passes(tag) && tag.away+gap >= tapsApart })
	for i := range p.tags {
		if tag := &p.tags[i]; passes(*tag) {
			tag.away += gap
		}
	}
}

func (p *presence) find(uid []byte) *tagPresence {
	for i := range p.tags {
		if bytes.Equal(p.tags[i].target.UID, uid) {
			return &p.tags[i]
		}
	}
	return nil
}
