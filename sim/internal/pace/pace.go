// SPDX-License-Identifier: Apache-2.0

// Package pace keeps the bench's lines and networks in time, to some microseconds.
package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// SleepUntil is exact to some microseconds: it spins at the end, and sleeps in the kernel, because Go's own timers are
// late by up to a millisecond.
func SleepUntil(t time.Time) {
	const late = 150 * time.Microsecond
	for left := time.Until(t); left > late; left = time.Until(t) { // a signal may end a nap
		nap := unix.NsecToTimespec(int64(left - late))
		unix.Nanosleep(&nap, nil)
	}
	for time.Now().Before(t) {
	}
}
