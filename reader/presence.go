// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"
	"time"
)

const (
	awayFor   = 300 * time.Millisecond // a tag that was away for less never left
	tapsApart = time.Second            // the same tag counts at most once in this time
	// Between two looks no more than this counts as away: a reader that could not
	// look does not know.
	maxGap = 100 * time.Millisecond
)

// never is later than any moment that a tap is due.
var never = time.Unix(1<<40, 0)

// A visit is how long one tag has been away, and when it last counted as a tap.
type visit struct {
	uid     []byte
	away    time.Duration // by looks that the reader answered; 0 when it was seen last
	tapped  time.Time
	counted bool // the present stay has had its tap
}

// visits tells new taps from tags that rest or flicker.
type visits struct {
	tags   []visit
	looked time.Time // when a look was last answered
}

// gap is how much of the time since the last answered look counts.
func (v *visits) gap(now time.Time) time.Duration {
	gap := min(now.Sub(v.looked), maxGap)
	v.looked = now
	return gap
}

// unsure is a look without a clear answer, or the reader's being opened anew:
// whoever seemed to be leaving may have been there.
func (v *visits) unsure(now time.Time) {
	v.looked = now
	for i := range v.tags {
		if s := &v.tags[i]; s.away < awayFor {
			s.away = 0
		}
	}
}

// empty notes that nothing was there.
func (v *visits) empty(now time.Time) { v.without(nil, v.gap(now)) }

// without lets time pass for all tags but the one that is there, and forgets those
// that are long gone.
func (v *visits) without(here []byte, gap time.Duration) {
	v.tags = slices.DeleteFunc(v.tags, func(s visit) bool { return s.away+gap >= tapsApart && !sameTag(s.uid, here) })
	for i := range v.tags {
		if s := &v.tags[i]; !sameTag(s.uid, here) {
			s.away += gap
		}
	}
}

// arrive notes that the tag was selected at now, and returns when it counts as
// a tap: now for a new one, later for one that was here less than a second ago,
// never for one that has not been away. An arrival that is due is counted.
func (v *visits) arrive(uid []byte, now time.Time) (due time.Time) {
	gap := v.gap(now)
	v.without(uid, gap)
	s := v.find(uid)
	if s == nil {
		v.tags = append(v.tags, visit{uid: uid, tapped: now, counted: true})
		return now
	}
	if s.away > 0 && s.away+gap >= awayFor {
		s.counted = false
	}
	s.away = 0
	if s.counted {
		return never
	}
	if due := s.tapped.Add(tapsApart); due.After(now) {
		return due
	}
	s.tapped, s.counted = now, true
	return now
}

// rests notes a tag that has had its tap, whenever that was, and lies on the reader.
func (v *visits) rests(uid []byte) {
	if s := v.find(uid); s != nil {
		s.away, s.counted = 0, true
		return
	}
	v.tags = append(v.tags, visit{uid: uid, counted: true})
}

// none tells that no tag is remembered.
func (v *visits) none() bool { return len(v.tags) == 0 }

// gone notes a tag that has been away for long enough.
func (v *visits) gone(uid []byte) {
	if s := v.find(uid); s != nil {
		s.away = awayFor
	}
}

// near tells whether the tag has not been away for long enough to be gone.
func (v *visits) near(uid []byte) bool {
	s := v.find(uid)
	return s != nil && s.away < awayFor
}

// stay notes that the tag is still there.
func (v *visits) stay(uid []byte, now time.Time) {
	v.without(uid, v.gap(now))
	if s := v.find(uid); s != nil {
		s.away = 0
	}
}

// lost notes that the tag was looked for all the time since, and not found.
func (v *visits) lost(uid []byte, since, now time.Time) {
	v.stay(uid, now)
	if s := v.find(uid); s != nil {
		s.away = now.Sub(since)
	}
}

// drop forgets the tag.
func (v *visits) drop(uid []byte) {
	v.tags = slices.DeleteFunc(v.tags, func(s visit) bool { return sameTag(s.uid, uid) })
}

func (v *visits) find(uid []byte) *visit {
	for i := range v.tags {
		if sameTag(v.tags[i].uid, uid) {
			return &v.tags[i]
		}
	}
	return nil
}
