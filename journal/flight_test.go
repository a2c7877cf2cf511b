// SPDX-License-Identifier: Apache-2.0

package journal

import "testing"

// TestFlightIsBounded: of intents without end each is finished, the oldest first.
func TestFlightIsBounded(t *testing.T) {
	var f flight
	next := uint64(1)
	for seq := range uint64(10000) {
		for _, s := range f.take(piece{kind: intent, record: lostOf(seq+1, "a")}) {
			if s != lostOf(next, "a") {
				t.Fatalf("got %+v, want scan %d", s, next)
			}
			next++
		}
		if len(f.open) > maxFlight || len(f.recent) > maxFlight {
			t.Fatalf("after %d intents %d are open and %d remembered, want at most %d", seq+1, len(f.open), len(f.recent), maxFlight)
		}
	}
	if want := uint64(10000 - maxFlight + 1); next != want {
		t.Errorf("the oldest open is %d, want %d", next, want)
	}
}

// TestIntentAnew: a scan's later intent takes the place of the one before.
func TestIntentAnew(t *testing.T) {
	var f flight
	later := lostOf(1, "a")
	later.Tag = "tag_other"
	f.take(piece{kind: intent, record: lostOf(1, "a")})
	f.take(piece{kind: intent, record: later})
	if len(f.open) != 1 || f.open[0] != later {
		t.Errorf("open are %+v, want the later one alone", f.open)
	}
}
