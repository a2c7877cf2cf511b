// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"slices"
	"strings"
	"testing"
)

func TestFirstWordsKeepTheBeginning(t *testing.T) {
	words := &firstWords{}
	for _, part := range slices.Repeat([]string{strings.Repeat("a", 120), "b"}, 10) {
		if n, err := words.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("wrote %d of %d, %v", n, len(part), err)
		}
	}

	if len(words.said) != maxWords {
		t.Errorf("%d bytes are kept, want %d", len(words.said), maxWords)
	}
}
