// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// unknown says that a key or table does not exist, and which one may be meant.
func unknown(what, name string, names []string) string {
	if meant := suggest(name, names); meant != "" {
		return fmt.Sprintf("is not a %s; do you mean %s?", what, meant)
	}
	return fmt.Sprintf("is not a %s; /usr/share/tagbase-edge/reference.toml lists them all", what)
}

// suggest returns which of names a misspelt one means, or "".
func suggest(name string, names []string) string {
	// Sorted, so that the same mistake gets the same answer each time.
	names = slices.Sorted(slices.Values(names))

	// A third of the letters may be wrong, and two in a short name.
	best, least := "", max(3, len(name)/3+1)
	for _, known := range names {
		// The right name in a wrong table wins over a similar one.
		if lastName(known) == lastName(name) && strings.Contains(known, ".") {
			return known
		}
		if d := levenshtein.ComputeDistance(strings.ToLower(name), known); d < least {
			best, least = known, d
		}
	}
	return best
}
