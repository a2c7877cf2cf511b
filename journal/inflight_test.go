// SPDX-License-Identifier: Apache-2.0

package journal

import "testing"

// If intents never get a result, each is finished in the end, the oldest first.
func TestScansInFlightAreBounded(t *testing.T) {
	var f inFlight
	next := uint64(1)
	for seq := range uint64(10000) {
		for _, s := range f.take(piece{kind: intent, record: lostOf(seq+1, "a")}) {
			if s != lostOf(next, "a") {
				t.Fatalf("got %+v, want scan %d", s, next)
			}

			next++
		}

		if len(f.open) > maxInFlight || len(f.recent) > maxInFlight {
			t.Fatalf("after %d intents %d are open and %d remembered, want at most %d",
				seq+1, len(f.open), len(f.recent), maxInFlight)
		}
	}

	if want := uint64(10000 - maxInFlight + 1); next != want {
		t.Errorf("the oldest open is %d, want %d", next, want)
	}
}

// A later intent with the same number replaces the one before.
func TestLaterIntentReplacesTheFirst(t *testing.T) {
	var f inFlight
	later := lostOf(1, "a")
	later.Tag = "tag_other"
	f.take(piece{kind: intent, record: lostOf(1, "a")})
	f.take(piece{kind: intent, record: later})
	if len(f.open) != 1 || f.open[0] != later {
		t.Errorf("open are %+v, want the later one alone", f.open)
	}
}
