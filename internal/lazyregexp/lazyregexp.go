// SPDX-License-Identifier: Apache-2.0

// Package lazyregexp compiles a regular expression at its first use.
//
// A package-level regexp.MustCompile costs time and memory in every process that
// starts. The daemon and the reader's child need few of the program's patterns.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that returns pattern compiled. Only the first call compiles
// it, and any number of goroutines may call. A pattern that does not compile panics
// at the first call, not at the start: a test has to use every pattern once.
func New(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
