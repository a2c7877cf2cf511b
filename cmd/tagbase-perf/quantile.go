// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
	"time"
)

// A sample is how long one thing took, in each tap of a series.
type sample []time.Duration

// quantile is the nearest rank: of 500 values, 0.99 is the 495th. It is 0 if
// there are no values.
func (s sample) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// take returns what has been collected, and empties s.
func (s *sample) take() sample {
	all := *s
	*s = nil
	return all
}

// milliseconds is d as a number for a table.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
