// SPDX-License-Identifier: Apache-2.0

package lazyregexp

import "testing"

func TestPatternIsCompiledOnce(t *testing.T) {
	digits := New(`^[0-9]+$`)

	if first, second := digits(), digits(); first != second {
		t.Error("the second use compiles the pattern again")
	}
	if !digits().MatchString("42") || digits().MatchString("4x") {
		t.Error("the pattern does not match what it says")
	}
}

func TestBadPatternPanicsAtFirstUse(t *testing.T) {
	broken := New(`(`) // which must not panic yet

	defer func() {
		if recover() == nil {
			t.Error("a bad pattern is taken")
		}
	}()
	broken()
}
