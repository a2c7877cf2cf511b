// SPDX-License-Identifier: Apache-2.0

// Prints what the linker has written into it.
package main

import (
	"fmt"

	"github.com/tagbase/tagbase-edge/internal/buildinfo"
)

func main() { fmt.Print(buildinfo.Version(), " ", buildinfo.Time().Unix()) }
