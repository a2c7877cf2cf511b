// SPDX-License-Identifier: Apache-2.0

package scan_test

import (
	"slices"
	"testing"

	"github.com/tagbase/tagbase-edge/scan"
)

// The list of outcomes is what --outcome offers and what metrics count: each word once, in
// alphabetical order, and the two verdicts among them.
func TestOutcomesAreListedOnceInOrder(t *testing.T) {
	outcomes := scan.Outcomes()
	if !slices.IsSorted(outcomes) || len(slices.Compact(outcomes)) != 9 {
		t.Errorf("got %v, want nine different outcomes in alphabetical order", outcomes)
	}

	var verdicts []scan.Outcome
	for _, o := range outcomes {
		if o.Verdict() {
			verdicts = append(verdicts, o)
		}
	}

	if want := []scan.Outcome{scan.Invalid, scan.Valid}; !slices.Equal(verdicts, want) {
		t.Errorf("verdicts: got %v, want %v", verdicts, want)
	}
}

// Every code that the lamps can blink says what it means and what to do about it.
func TestEveryServiceCodeHasWordsAndAMend(t *testing.T) {
	seen := make(map[string]scan.ServiceCode)
	for code := scan.ServiceNone + 1; code <= scan.MaxServiceCode; code++ {
		if code.Mend() == "" {
			t.Errorf("service code %d has no mend", code)
		}

		if other, taken := seen[code.String()]; taken {
			t.Errorf("service codes %d and %d have the same words: %s", other, code, code)
		}
		seen[code.String()] = code
	}
}
