// SPDX-License-Identifier: Apache-2.0

// Package procfs says which processes there are, and which of them hold a file, from /proc (proc(5)).
//
// Every function takes the root of a file system, os.DirFS("/") for this machine, so that a machine that is
// not here can be examined too. What cannot be read is left out: processes end while one looks, and an ordinary
// user sees the open files of its own processes alone. File locks are for everybody to see.
package procfs

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Process is what /proc says of one process. Fields that cannot be read are empty.
type Process struct {
	PID  int
	Name string // at most 15 bytes (comm)
	Args string // the command line, its arguments joined by spaces
	Unit string // the systemd service that it belongs to, such as "ssh.service", or ""
}

// PIDs returns the processes in order.
func PIDs(root fs.FS) []int {
	entries, _ := fs.ReadDir(root, "proc")
	var pids []int
	for _, e := range entries {
		// What is no number is not a process: meminfo, sys, self.
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}

	slices.Sort(pids) // as text 10 comes before 9
	return pids
}

// Lookup reads what there is to know of one process.
func Lookup(root fs.FS, pid int) Process {
	read := func(name string) string {
		b, _ := fs.ReadFile(root, fmt.Sprintf("proc/%d/%s", pid, name))
		return string(b)
	}

	return Process{
		PID:  pid,
		Name: strings.TrimSpace(read("comm")),
		Args: strings.TrimSpace(strings.ReplaceAll(read("cmdline"), "\x00", " ")),
		Unit: serviceOf(read("cgroup")),
	}
}

// serviceOf finds the service in lines such as "0::/system.slice/ssh.service" (cgroups(7), /proc/pid/cgroup).
// It is the outermost one: a user's own services run below user@1000.service.
func serviceOf(cgroups string) string {
	for line := range strings.Lines(cgroups) {
		_, path, _ := strings.Cut(strings.TrimSpace(line), "/")
		for element := range strings.SplitSeq(path, "/") {
			if name, ok := strings.CutSuffix(element, ".service"); ok && name != "" {
				return element
			}
		}
	}
	return ""
}

// Openers returns the processes that have the file at path open, in order. path is absolute and no link. hidden is
// whether this user may not look into some process, so that there may be others.
func Openers(root fs.FS, path string) (pids []int, hidden bool) {
	for _, pid := range PIDs(root) {
		dir := fmt.Sprintf("proc/%d/fd", pid)
		entries, err := fs.ReadDir(root, dir)
		hidden = hidden || errors.Is(err, fs.ErrPermission)

		// Only the text of the link is read: to look at the file behind it may block for ever.
		if slices.ContainsFunc(entries, func(fd fs.DirEntry) bool {
			target, err := fs.ReadLink(root, dir+"/"+fd.Name())
			return err == nil && target == path
		}) {
			pids = append(pids, pid)
		}
	}
	return pids, hidden
}

// Lockers returns the processes that hold a lock on the file at path, which is absolute, in no order. /proc/locks
// has lines such as
//
//	1: FLOCK  ADVISORY  WRITE 612 00:05:1042 0 EOF
//
// in which 612 is the process, and 00:05:1042 the device's numbers in hexadecimal and the inode.
func Lockers(root fs.FS, path string) (pids []int) {
	info, err := fs.Stat(root, strings.TrimPrefix(path, "/"))
	if err != nil {
		return nil
	}
	node, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	file := fmt.Sprintf("%02x:%02x:%d", unix.Major(node.Dev), unix.Minor(node.Dev), node.Ino)

	locks, _ := fs.ReadFile(root, "proc/locks")
	for line := range strings.Lines(string(locks)) {
		fields := strings.Fields(line)
		if len(fields) != 8 || fields[5] != file {
			continue // also a process that waits for the lock: its line has an arrow more
		}
		// -1 is a lock that belongs to no process (fcntl(2), open file description locks).
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Holders returns the processes that have the file at path open or locked, in order. hidden is as Openers has it.
func Holders(root fs.FS, path string) (pids []int, hidden bool) {
	pids, hidden = Openers(root, path)

	// A lock shows even where the open file does not. Most holders are in both.
	pids = append(pids, Lockers(root, path)...)
	slices.Sort(pids)
	return slices.Compact(pids), hidden
}
