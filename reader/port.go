// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/tagbase/tagbase-edge/internal/connstring"
	"github.com/tagbase/tagbase-edge/internal/portlock"
	"github.com/tagbase/tagbase-edge/internal/procfs"
)

func parseConnstring(device string) connstring.Connstring { return connstring.Parse(device, exists) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// heldBy is portlock.ErrHeld with the names of the other processes that have the node open or
// locked. An ordinary user sees everybody's locks, but only its own open files.
func heldBy(path string) error {
	pids, _ := procfs.Holders(os.DirFS("/"), path)
	others := processNames(pids)
	if others == "" {
		others = fmt.Sprintf("another process (\"sudo fuser -v %s\" tells which)", path)
	}
	return fmt.Errorf("reader %s: %w by %s; end that process, or name another reader",
		path, portlock.ErrHeld, others)
}

var namedOpeners atomic.Bool

// alsoOpen names the programs that took no lock and may take the reader's bytes away. It
// does so once in a process, since it looks at every open file of the machine.
func alsoOpen(path string) string {
	if namedOpeners.Swap(true) {
		return ""
	}
	pids, _ := procfs.Openers(os.DirFS("/"), path)
	if others := processNames(pids); others != "" {
		return "; it is also open in " + others
	}
	return ""
}

// processNames names the processes other than this one, or returns "".
func processNames(pids []int) string {
	var names []string
	for _, pid := range pids {
		if pid == os.Getpid() {
			continue
		}

		name := fmt.Sprintf("process %d", pid)
		if p := procfs.Lookup(os.DirFS("/"), pid); p.Name != "" {
			name = fmt.Sprintf("%q (process %d)", p.Name, pid)
		}
		names = append(names, name)
	}
	return strings.Join(names, " and ")
}
