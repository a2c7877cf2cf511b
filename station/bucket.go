// SPDX-License-Identifier: Apache-2.0

package station

import "time"

const (
	bucketSize   = 10
	bucketRefill = 500 * time.Millisecond // for one tap
)

// A bucket lets ten taps through at once and two a second after that.
type bucket struct {
	full time.Time // when the bucket is full again
}

func newBucket(now time.Time) *bucket { return &bucket{full: now} }

// take tells whether a tap may pass at now.
func (b *bucket) take(now time.Time) bool {
	if b.full.Before(now) {
		b.full = now
	}
	if b.full.Sub(now) > (bucketSize-1)*bucketRefill {
		return false
	}
	b.full = b.full.Add(bucketRefill)
	return true
}
