// SPDX-License-Identifier: Apache-2.0

// Package buildinfo holds what the linker writes into the program: which version it is,
// and when its commit was made. packaging/build, packaging/deb and the Makefile set both with -ldflags -X.
package buildinfo

import (
	"strconv"
	"time"
)

// Set by the linker, which says nothing if it does not find the name. If one of them or this
// package gets another name, the -X flags change too: the test tries those of the build scripts.
var (
	version = "unversioned"
	built   string // Unix seconds
)

// Version is the program's version as git describe gives it, or "unversioned".
func Version() string { return version }

// Time is the time of the commit that the program was built from, to the second, or 1970 if
// nobody set it. No clock that is right shows an earlier time.
func Time() time.Time {
	seconds, _ := strconv.ParseInt(built, 10, 64) // 0 unless the linker set a number
	return time.Unix(seconds, 0)
}
