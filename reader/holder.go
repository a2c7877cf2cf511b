// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/tagbase/tagbase-edge/internal/procfs"
)

// holders names the other processes that have the node at path, which is no link,
// open or locked, as far as this user may know: locks are for all to see, open files
// only for their owner and root.
func holders(path string) string {
	pids, _ := procfs.Holders(os.DirFS("/"), path)
	if others := named(pids); others != "" {
		return others
	}
	return fmt.Sprintf("another process (\"sudo fuser -v %s\" tells which)", path)
}

var toldOpeners atomic.Bool

// alsoOpen tells who else has a node open that did not answer: a program that
// takes the reader's bytes away. It does so once a process, since it looks at every
// open file of the machine.
func alsoOpen(path string) string {
	if toldOpeners.Swap(true) {
		return ""
	}
	pids, _ := procfs.Openers(os.DirFS("/"), path)
	if others := named(pids); others != "" {
		return "; it is also open in " + others
	}
	return ""
}

// named are the processes but this one, in words.
func named(pids []int) string {
	var names []string
	for _, pid := range pids {
		if pid != os.Getpid() {
			names = append(names, processName(pid))
		}
	}
	return strings.Join(names, " and ")
}

func processName(pid int) string {
	p := procfs.Lookup(os.DirFS("/"), pid)
	if p.Name == "" {
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("%q (process %d)", p.Name, pid)
}
