// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// holders names the other processes that have the node at path, which is no link,
// open or locked, as far as this user may know: locks are for all to see (proc(5),
// /proc/locks), open files only for their owner and root.
func holders(path string) string {
	var node unix.Stat_t
	if unix.Stat(path, &node) != nil {
		return "another process"
	}
	if others := named(append(lockers(&node), openers(path)...)); others != "" {
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
	if others := named(openers(path)); others != "" {
		return "; it is also open in " + others
	}
	return ""
}

// named are the processes but this one, in words.
func named(pids []int) string {
	var names []string
	slices.Sort(pids)
	for _, pid := range slices.Compact(pids) {
		if pid != os.Getpid() {
			names = append(names, processName(pid))
		}
	}
	return strings.Join(names, " and ")
}

func processName(pid int) string {
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("%q (process %d)", strings.TrimSpace(string(comm)), pid)
}

// lockers reads lines such as "1: FLOCK  ADVISORY  WRITE 612 00:05:1042 0 EOF".
func lockers(node *unix.Stat_t) (pids []int) {
	f, err := os.Open("/proc/locks")
	if err != nil {
		return nil
	}
	defer f.Close()
	want := fmt.Sprintf("%02x:%02x:%d", unix.Major(node.Dev), unix.Minor(node.Dev), node.Ino)
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) != 8 || fields[5] != want {
			continue
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

func openers(path string) (pids []int) {
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		// The link's text, since a look at the file behind it may wait for ever.
		if open, err := os.Readlink(fd); err != nil || open != path {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(fd, "/")[2]); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
