// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"testing"

	waits "github.com/tagbase/tagbase-edge/internal/await"
)

// patience is how long a test waits for what must come.
var patience = waits.Patience

// await receives what must come.
func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	return waits.Value(t, what, from)
}

// nextEvent is the next event that is not about what rests on the reader.
func nextEvent(t *testing.T, events <-chan Event) Event {
	t.Helper()
	for {
		if e := await(t, "the next event", events); e.Kind != EventBeat {
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
