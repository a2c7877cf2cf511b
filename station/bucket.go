// SPDX-License-Identifier: Apache-2.0

package station

import "time"

// A person with several objects stays below these limits. A reader that reports taps without end
// does not.
const (
	bucketSize   = 10                     // taps at once
	bucketRefill = 500 * time.Millisecond // for one more
)

// A bucket lets ten taps through at once, and two a second after that.
type bucket struct {
	full time.Time // when the bucket is full again
}

func newBucket(now time.Time) *bucket { return &bucket{full: now} }

// take reports whether a tap may pass at now.
func (b *bucket) take(now time.Time) bool {
	if b.full.Before(now) {
		b.full = now
	}

	// Every tap that has passed puts off the moment at which the bucket is full. Without room for one
	// more tap, this one does not pass.
	if b.full.Sub(now) > (bucketSize-1)*bucketRefill {
		return false
	}
	b.full = b.full.Add(bucketRefill)

	return true
}
