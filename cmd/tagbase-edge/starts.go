// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// restarts are the daemon's since the board's start. The file "starts" in the state
// directory holds the boot's id and how often the daemon has started in it. It is not
// synced: after a power cut another boot counts.
var restarts = struct {
	atomic.Int64
	once sync.Once
}{}

// countStart counts this start, in its own time: the disk may hang.
func countStart(dir string) {
	restarts.once.Do(func() {
		go func() {
			boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
			if err != nil {
				return
			}
			id, file := strings.TrimSpace(string(boot)), filepath.Join(dir, "starts")
			before := 0
			if b, err := readFile(file); err == nil {
				var last string
				if _, err := fmt.Sscanf(string(b), "%40s %d\n", &last, &before); err != nil || last != id {
					before = 0
				}
			}
			restarts.Store(int64(max(before, 0)))
			os.MkdirAll(dir, 0o750)
			os.WriteFile(file, fmt.Appendf(nil, "%s %d\n", id, before+1), 0o640) // a count that is lost harms nobody
		}()
	})
}
