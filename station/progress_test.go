// SPDX-License-Identifier: Apache-2.0

package station

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Only a loop that has broken its promise is late.
func TestOnlyALoopBehindItsPromiseIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Progress
		p.Within("a", time.Second)
		p.Within("b", time.Minute)
		p.Within("c", time.Second)
		time.Sleep(time.Second)
		if late := p.Late(); late != nil {
			t.Errorf("late on time: %q", late)
		}

		p.Within("a", 2*time.Second)
		time.Sleep(time.Second)
		if late := p.Late(); !slices.Equal(late, []string{"c"}) {
			t.Errorf("late are %q, want c", late)
		}

		p.Over("c")
		time.Sleep(time.Hour)
		if late := p.Late(); !slices.Equal(late, []string{"a", "b"}) {
			t.Errorf("late are %q, want a and b", late)
		}

		p.Over("a")
		p.Over("b")
		if late := p.Late(); late != nil {
			t.Errorf("late are %q after the end", late)
		}
	})
}
