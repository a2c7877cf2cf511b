// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"testing"
	"time"
)

func TestPresenceTellsNewTapsFromTagsThatStay(t *testing.T) {
	a, b := []byte{4, 1, 2, 3, 4, 5, 6}, []byte{4, 1, 2, 3, 4, 5, 7}
	r1, r2 := []byte{8, 1, 2, 3}, []byte{8, 4, 5, 6}
	type step struct {
		at  int // milliseconds
		do  string
		uid []byte
		due int // of an arrival; -1 is never
	}

	arrive := func(at int, uid []byte, due int) step { return step{at, "arrive", uid, due} }
	stay := func(at int, uid []byte) step { return step{at: at, do: "stay", uid: uid} }
	unsure := func(at int) step { return step{at: at, do: "unsure"} }

	away := func(from, to int) (steps []step) { // a look every 50 ms
		for at := from; at <= to; at += 50 {
			steps = append(steps, step{at: at, do: "empty"})
		}
		return steps
	}

	in := func(steps ...any) (all []step) {
		for _, s := range steps {
			if one, ok := s.(step); ok {
				all = append(all, one)
			} else {
				all = append(all, s.([]step)...)
			}
		}
		return all
	}

	tests := []struct {
		name  string
		steps []step
	}{
		{"a new tag counts at once", in(arrive(0, a, 0))},
		{"a tag that did not leave never counts again",
			in(arrive(0, a, 0), arrive(40, a, -1), stay(100, a), arrive(140, a, -1))},
		{"a tag gone for 299 ms has not left",
			in(arrive(0, a, 0), stay(2000, a), away(2050, 2250), arrive(2299, a, -1))},
		{"a tag gone for 300 ms is a new tap",
			in(arrive(0, a, 0), stay(2000, a), away(2050, 2250), arrive(2300, a, 2300))},
		{"a reader that did not look does not know", in(arrive(0, a, 0), stay(2000, a), arrive(3000, a, -1))},
		{"a reader that looked once does not know",
			in(arrive(0, a, 0), stay(2000, a), away(2050, 2050), arrive(3000, a, -1))},
		{"a reader that looked late does not know",
			in(arrive(0, a, 0), stay(2000, a), away(3000, 3000), arrive(3050, a, -1))},
		{"a look without an answer starts the time away again",
			in(arrive(0, a, 0), stay(2000, a), away(2050, 2200), unsure(2250), away(2300, 2450), arrive(2500, a, -1))},
		{"a look without an answer does not stop the time away",
			in(arrive(0, a, 0), stay(2000, a), unsure(2050), away(2100, 2350), arrive(2400, a, 2400))},
		{"a look without an answer does not bring back a tag that left",
			in(arrive(0, a, 0), away(50, 400), unsure(450), arrive(1100, a, 1100))},
		{"a tag back within a second counts when the second is over",
			in(arrive(0, a, 0), away(50, 250), arrive(300, a, 1000), stay(350, a),
				arrive(999, a, 1000), arrive(1000, a, 1000))},
		{"a tag back within a second counts once",
			in(arrive(0, a, 0), away(50, 250), arrive(300, a, 1000), stay(900, a),
				arrive(1000, a, 1000), arrive(1040, a, -1))},
		{"a tag back within a second and gone again does not count",
			in(arrive(0, a, 0), away(50, 250), arrive(300, a, 1000), away(350, 1150), arrive(1200, a, 1200))},
		{"flickering is staying",
			in(arrive(0, a, 0), away(50, 150), arrive(200, a, -1), away(250, 350), arrive(400, a, -1),
				away(450, 550), arrive(600, a, -1))},
		{"two tags at once", in(arrive(0, a, 0), arrive(0, b, 0), arrive(100, a, -1), arrive(100, b, -1))},
		{"two tags in turn count each for itself",
			in(arrive(0, a, 0), away(50, 300), arrive(350, b, 350), stay(400, b),
				stay(450, b), stay(500, b), stay(550, b), stay(600, b), stay(650, b), arrive(700, a, 1000))},
		{"random UIDs are two tags", in(arrive(0, r1, 0), arrive(100, r2, 100))},
		{"a random UID is one tag while it is there", in(arrive(0, r1, 0), stay(1000, r1), arrive(1050, r1, -1))},
		{"a random UID that is not found has gone", in(arrive(0, r1, 0), away(50, 50), arrive(60, r2, 60))},
		{"random UIDs, away", in(arrive(0, r1, 0), away(50, 1250), arrive(1300, r2, 1300))},
		{"an hour later", in(arrive(0, a, 0), away(50, 3600_000), arrive(3600_050, a, 3600_050))},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p presence
			start := time.Now()
			moment := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

			for _, s := range tt.steps {
				switch s.do {
				case "stay":
					p.seen(s.uid, moment(s.at))
				case "empty":
					p.nobody(moment(s.at))
				case "unsure":
					p.unanswered(moment(s.at))

				case "arrive":
					want := never
					if s.due >= 0 {
						want = moment(s.due)
					}
					if got := p.arrive(Target{UID: s.uid}, moment(s.at)); !got.Equal(want) {
						t.Errorf("%x at %d ms: due at %v, want %d ms", s.uid, s.at, got.Sub(start), s.due)
					}
				}
			}
		})
	}
}

// However many tags come by, only those of the last second are remembered.
func TestPresenceForgetsTagsThatLeft(t *testing.T) {
	var p presence
	start := time.Now()
	for i := range 10_000 {
		p.arrive(Target{UID: []byte{4, 0, 0, 0, 0, byte(i >> 8), byte(i)}}, start.Add(time.Duration(i)*10*time.Millisecond))
	}
	if len(p.tags) > 101 {
		t.Errorf("%d tags are remembered, want those of a second, 100", len(p.tags))
	}
}
