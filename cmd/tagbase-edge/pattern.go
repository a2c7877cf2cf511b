// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"sync"
)

// whenNeeded is a pattern that is made at its first use: the reader's process needs none, and a start few.
func whenNeeded(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
