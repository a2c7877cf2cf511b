// SPDX-License-Identifier: Apache-2.0

package station

import "time"

// What a person and a child with a bag of tags can do, and a broken reader cannot.
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

	// The later the bucket is full, the less is in it; one place must be left.
	if b.full.Sub(now) > (bucketSize-1)*bucketRefill {
		return false
	}
	b.full = b.full.Add(bucketRefill)

	return true
}
