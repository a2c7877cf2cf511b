// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"regexp"
	"sync"
)

// whenNeeded is a pattern that is made at its first use: a station that only runs needs none.
func whenNeeded(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
