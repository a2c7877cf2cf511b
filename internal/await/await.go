// SPDX-License-Identifier: Apache-2.0

// Package await lets a test wait for what has to come, and fail when it does not come: by a condition that is looked at
// again and again, or by a value from a channel. Only tests import it.
package await

import (
	"testing"
	"time"
)

// Patience is how long a test waits. It is far more than anything takes, even on a busy machine with the race detector,
// so no test passes or fails by it: it only keeps a broken program from holding up the rest of the tests. A TestMain
// sets it if the machine under test is a slow one.
var Patience = 20 * time.Second

// look is the time between two looks at a condition.
const look = 2 * time.Millisecond

// Holds waits until the condition holds, and returns false if it does not within Patience. Unlike the others it may be
// called from any goroutine.
func Holds(condition func() bool) bool { return within(Patience, condition) }

func within(patience time.Duration, condition func() bool) bool {
	tick := time.NewTicker(look)
	defer tick.Stop()

	for deadline := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// Until waits until the condition holds. It ends the test if that takes longer than Patience; what names the condition.
func Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	if !Holds(condition) {
		t.Fatalf("not within %v: %s", Patience, what)
	}
}

// Value waits for a value from the channel, or for its end. It ends the test if that takes longer than Patience; what
// names the value.
func Value[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(Patience):
		t.Fatalf("not within %v: %s", Patience, what)
		panic("not reached")
	}
}

// Send sends a value to the channel. It ends the test if nobody takes it within Patience; what names who should.
func Send[T any](t testing.TB, what string, to chan<- T, v T) {
	t.Helper()
	select {
	case to <- v:
	case <-time.After(Patience):
		t.Fatalf("not within %v: %s", Patience, what)
	}
}

// Elapse lets time pass, for where time itself is what the test is about: a fault that lasts, a random moment, a
// silence in which nothing may happen. Something that has to come is awaited by the others.
func Elapse(d time.Duration) { <-time.After(d) }
