// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"os"
	"testing"

	waits "github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/reader"
)

// patience is how long a test waits for what must come.
var patience = waits.Patience

// await receives what must come.
func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	return waits.Value(t, what, from)
}

// nextEvent is the next event that is not about what rests on the reader.
func nextEvent(t *testing.T, events <-chan reader.Event) reader.Event {
	t.Helper()
	for {
		if e := await(t, "the next event", events); e.Kind != reader.EventBeat {
			return e
		}
	}
}

// settlesAt waits for what others close a moment later.
func settlesAt(t *testing.T, what string, want int, count func() int) {
	t.Helper()
	if !waits.Holds(func() bool { return count() <= want }) {
		t.Fatalf("%d %s, want %d", count(), what, want)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
