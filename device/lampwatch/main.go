// SPDX-License-Identifier: Apache-2.0

// Command lampwatch runs on an emulated board and reports its lamps to the test: it prints "INDEX LEVEL" for each FILE,
// at the start and whenever the level changes. A FILE holds the value of one line of gpio-sim.
package main

import (
	"fmt"
	"os"
	"time"
)

// look is the time between two looks at the files: a fifth of a lamp's shortest flash, which lasts 100 ms.
const look = 20 * time.Millisecond

func main() {
	files := os.Args[1:]
	last := make([]string, len(files))

	// Ends with the ssh session that started it: the next print fails then.
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
