// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
	"time"
)

// A sample is what one thing took, tap by tap.
type sample []time.Duration

// quantile is the nearest rank: of 500 values, 0.99 is the 495th.
func (s sample) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// take gives what has been collected, and begins anew.
func (s *sample) take() sample {
	all := *s
	*s = nil
	return all
}

func milli(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
