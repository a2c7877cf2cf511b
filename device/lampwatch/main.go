// SPDX-License-Identifier: Apache-2.0

// Command lampwatch runs on an emulated board and tells of every change of its lamps:
// it prints "INDEX LEVEL" for each FILE, which is a line's value in gpio-sim, at the
// start and whenever it changes.
package main

import (
	"fmt"
	"os"
	"time"
)

// look is a quarter of the shortest flash of a lamp.
const look = 20 * time.Millisecond

func main() {
	files := os.Args[1:]
	last := make([]string, len(files))
	for range time.Tick(look) {
		for i, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				fmt.Fprintln(os.Stderr, "lampwatch:", err)
				os.Exit(1)
			}
			if now := string(b[:1]); now != last[i] {
				last[i] = now
				fmt.Println(i, now)
			}
		}
	}
}
