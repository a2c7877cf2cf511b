// SPDX-License-Identifier: Apache-2.0

package station

import (
	"testing"
	"time"
)

// Steps of the wall clock add up whichever way they go; a clock that is slewed, or one
// that is wrong and stays so, makes none.
func TestStepMeter(t *testing.T) {
	var m stepMeter
	wall, since := time.Unix(0, 0), time.Hour
	for _, step := range []struct{ by, want time.Duration }{
		{0, 0}, {time.Millisecond, 0}, {50 * 365 * 24 * time.Hour, 50 * 365 * 24 * time.Hour},
		{0, 50 * 365 * 24 * time.Hour}, {-time.Hour, 50*365*24*time.Hour + time.Hour},
	} {
		wall, since = wall.Add(time.Second+step.by), since+time.Second
		if m.look(wall, since); m.sum() != step.want {
			t.Errorf("after a step of %v the sum is %v, want %v", step.by, m.sum(), step.want)
		}
	}
}
