// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	var s sample
	for n := range 500 {
		s = append(s, time.Duration(500-n))
	}

	for q, want := range map[float64]time.Duration{.5: 250, .95: 475, .99: 495, 1: 500} {
		if got := s.quantile(q); got != want {
			t.Errorf("quantile %v of 1 to 500 is %d, want %d", q, got, want)
		}
	}

	if got := (sample{7}).quantile(.5); got != 7 {
		t.Errorf("the median of 7 is %d", got)
	}
}
