// SPDX-License-Identifier: Apache-2.0

// Package pace keeps the bench's lines and networks in time, to some microseconds.
package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// timerLate is for how long SleepUntil spins: Linux wakes a thread up to 50 µs late by default (its timer slack), and
// the thread then still needs a processor.
const timerLate = 150 * time.Microsecond

// SleepUntil returns at t, exact to some microseconds. It sleeps in the kernel, since Go's own timers are late by up to
// a millisecond, and spins for the last 150 µs. It returns at once if t has passed.
func SleepUntil(t time.Time) {
	// A signal ends a nap early, hence the loop.
	for left := time.Until(t); left > timerLate; left = time.Until(t) {
		nap := unix.NsecToTimespec(int64(left - timerLate))
		unix.Nanosleep(&nap, nil)
	}

	for time.Now().Before(t) {
	}
}
