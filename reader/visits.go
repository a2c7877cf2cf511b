// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"
	"time"
)

const (
	awayFor   = 300 * time.Millisecond // a tag that was away for less never left
	tapsApart = time.Second            // the same tag counts at most once in this time
)

// never is later than any moment that a tap is due.
var never = time.Unix(1<<40, 0)

// A visit is when one tag was last seen and last counted as a tap.
type visit struct {
	uid          []byte
	seen, tapped time.Time // never tapped after seen
	counted      bool      // the present stay has had its tap
}

// visits tells new taps from tags that rest or flicker. Only the tags of the
// last second are remembered.
type visits []visit

// arrive notes that the tag was selected at now, and returns when it counts as
// a tap: now for a new one, later for one that was here less than a second ago,
// never for one that has not been away. An arrival that is due is counted.
func (v *visits) arrive(uid []byte, now time.Time) (due time.Time) {
	v.forget(now)
	s := v.find(uid)
	if s == nil {
		*v = append(*v, visit{uid: uid, seen: now, tapped: now, counted: true})
		return now
	}
	away := now.Sub(s.seen) >= awayFor
	s.seen = now
	if away {
		s.counted = false
	}
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
func (v *visits) rests(uid []byte, now time.Time) {
	if s := v.find(uid); s != nil {
		s.seen, s.counted = now, true
		return
	}
	*v = append(*v, visit{uid: uid, seen: now, counted: true})
}

// near tells whether the tag has not been away for long enough to be gone.
func (v *visits) near(uid []byte, now time.Time) bool {
	s := v.find(uid)
	return s != nil && now.Sub(s.seen) < awayFor
}

// stay notes that the tag is still there.
func (v *visits) stay(uid []byte, now time.Time) {
	if s := v.find(uid); s != nil {
		s.seen = now
	}
}

// drop forgets the tag.
func (v *visits) drop(uid []byte) {
	*v = slices.DeleteFunc(*v, func(s visit) bool { return sameTag(s.uid, uid) })
}

func (v *visits) find(uid []byte) *visit {
	for i := range *v {
		if sameTag((*v)[i].uid, uid) {
			return &(*v)[i]
		}
	}
	return nil
}

func (v *visits) forget(now time.Time) {
	kept := (*v)[:0]
	for _, s := range *v {
		if now.Sub(s.seen) < tapsApart {
			kept = append(kept, s)
		}
	}
	*v = kept
}
