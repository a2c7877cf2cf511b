// SPDX-License-Identifier: Apache-2.0

package station

import (
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBucket(now)
	passed := func(taps int, every time.Duration) (n int) {
		for range taps {
			if b.take(now) {
				n++
			}
			now = now.Add(every)
		}

		return n
	}

	for _, tt := range []struct {
		name  string
		taps  int
		every time.Duration
		want  int
	}{
		{"ten at once", 12, 0, 10},
		{"then two a second", 40, 100 * time.Millisecond, 7},
		{"as slow as it refills", 20, 500 * time.Millisecond, 20},
	} {
		if got := passed(tt.taps, tt.every); got != tt.want {
			t.Errorf("%s: %d of %d passed, want %d", tt.name, got, tt.taps, tt.want)
		}
	}

	now = now.Add(time.Hour)
	if got := passed(12, 0); got != 10 {
		t.Errorf("after an hour: %d passed, want 10", got)
	}
}
