// SPDX-License-Identifier: Apache-2.0

package await

import (
	"testing"
	"time"
)

func TestConditionThatComesIsAwaited(t *testing.T) {
	looks := 0
	if !within(time.Minute, func() bool { looks++; return looks == 3 }) {
		t.Error("the condition held at the third look, and was not seen")
	}
}

func TestConditionThatNeverComesEndsTheWait(t *testing.T) {
	if within(10*time.Millisecond, func() bool { return false }) {
		t.Error("a condition that never held was seen")
	}
}
