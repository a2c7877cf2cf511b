// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"testing"
	"time"
)

func TestVisits(t *testing.T) {
	a, b := []byte{4, 1, 2, 3, 4, 5, 6}, []byte{4, 1, 2, 3, 4, 5, 7}
	r1, r2 := []byte{8, 1, 2, 3}, []byte{8, 4, 5, 6}
	type step struct {
		at   int // milliseconds
		uid  []byte
		stay bool // else arrive
		due  int  // -1 is never; not asked when it stays
	}
	arrive := func(at int, uid []byte, due int) step { return step{at: at, uid: uid, due: due} }
	stay := func(at int, uid []byte) step { return step{at: at, uid: uid, stay: true} }
	tests := []struct {
		name  string
		steps []step
	}{
		{"a new tag counts at once", []step{arrive(0, a, 0)}},
		{"one that did not leave never counts again", []step{arrive(0, a, 0), arrive(40, a, -1), stay(300, a), arrive(599, a, -1)}},
		{"gone for 299 ms is the same tap", []step{arrive(0, a, 0), stay(2000, a), arrive(2299, a, -1)}},
		{"gone for 300 ms is a new one", []step{arrive(0, a, 0), stay(2000, a), arrive(2300, a, 2300)}},
		{"less than a second later it counts then", []step{arrive(0, a, 0), arrive(300, a, 1000), stay(700, a), arrive(999, a, 1000), arrive(1000, a, 1000)}},
		{"and only then once", []step{arrive(0, a, 0), arrive(300, a, 1000), stay(900, a), arrive(1000, a, 1000), arrive(1040, a, -1)}},
		{"not if it has left", []step{arrive(0, a, 0), arrive(300, a, 1000), arrive(1200, a, 1200)}},
		{"once a second at most", []step{arrive(0, a, 0), arrive(500, a, 1000), arrive(1000, a, 1000), arrive(1400, a, 2000), arrive(1800, a, 2000)}},
		{"flickering is staying", []step{arrive(0, a, 0), arrive(200, a, -1), arrive(400, a, -1), arrive(600, a, -1), arrive(800, a, -1), arrive(1000, a, -1), arrive(1200, a, -1), arrive(1400, a, -1)}},
		{"two tags at once", []step{arrive(0, a, 0), arrive(0, b, 0), arrive(100, a, -1), arrive(100, b, -1)}},
		{"in turn, each for itself", []step{arrive(0, a, 0), arrive(350, b, 350), arrive(700, a, 1000), arrive(1000, b, 1350), arrive(1010, a, 1010)}},
		{"random UIDs are one tag", []step{arrive(0, r1, 0), arrive(100, r2, -1), arrive(350, r1, -1)}},
		{"random UIDs, away", []step{arrive(0, r1, 0), arrive(1300, r2, 1300)}},
		{"an hour later", []step{arrive(0, a, 0), arrive(3600_000, a, 3600_000)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v visits
			start := time.Now()
			moment := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
			for _, s := range tt.steps {
				if s.stay {
					v.stay(s.uid, moment(s.at))
					continue
				}
				want := never
				if s.due >= 0 {
					want = moment(s.due)
				}
				if got := v.arrive(s.uid, moment(s.at)); !got.Equal(want) {
					t.Errorf("%x at %d ms: due at %v, want %d ms", s.uid, s.at, got.Sub(start), s.due)
				}
			}
		})
	}
}

// However many tags come by, only those of the last second are remembered.
func TestVisitsAreForgotten(t *testing.T) {
	var v visits
	start := time.Now()
	for i := range 10_000 {
		v.arrive([]byte{4, 0, 0, 0, 0, byte(i >> 8), byte(i)}, start.Add(time.Duration(i)*10*time.Millisecond))
	}
	if len(v) > 101 {
		t.Errorf("%d visits are remembered, want those of a second, 100", len(v))
	}
}
