// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestGoroutineLatenessHasAValueForEveryWake(t *testing.T) {
	l, err := newGoroutineLateness()
	if err != nil {
		t.Fatal(err)
	}

	for range 3 {
		l.wake()
	}

	l.close()

	if got := l.take(); len(got) != 3 || got.quantile(0) <= 0 {
		t.Errorf("woken 3 times, late %v", got)
	}
	if got := l.take(); len(got) != 0 {
		t.Errorf("taken twice: %v", got)
	}
}

func TestPipeWakeupHasAValueForEveryByte(t *testing.T) {
	took, err := measurePipeWakeup(3)
	if err != nil {
		t.Fatal(err)
	}
	if len(took) != 3 || took.quantile(0) <= 0 {
		t.Errorf("3 bytes took %v", took)
	}
}
