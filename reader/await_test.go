// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// await receives what must come.
func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing came within %v", what, patience)
		panic("unreachable")
	}
}

func nextEvent(t *testing.T, events <-chan Event) Event {
	t.Helper()
	return await(t, "the next event", events)
}

// settlesAt waits for what others close a moment later.
func settlesAt(t *testing.T, what string, want int, count func() int) {
	t.Helper()
	poll := time.NewTicker(ms)
	defer poll.Stop()

	for deadline := time.Now().Add(patience); count() > want; <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d %s, want %d", count(), what, want)
		}
	}
}
