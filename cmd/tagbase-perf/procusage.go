// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of processor times in /proc: USER_HZ, which is 100 on
// every architecture that a station runs on (proc(5)).
const clockTick = 10 * time.Millisecond

// busyTime is what all processors have worked since the machine started
// (/proc/stat, proc(5)).
func busyTime() (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}

	// The first line is the sum of all processors.
	line, _, _ := strings.Cut(string(b), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %.40q", line)
	}

	// user nice system idle iowait irq softirq steal: all but idle and iowait are work. Time stolen by other virtual
	// machines counts, since the bench could not have it.
	var ticks time.Duration
	for i, field := range fields[1:9] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		if i != 3 && i != 4 {
			ticks += time.Duration(n)
		}
	}
	return ticks * clockTick, nil
}

// family is a process and its descendants.
func family(pid int) []int {
	pids := []int{pid}

	// pids grows while the loop runs: children, then theirs.
	for i := 0; i < len(pids); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		for _, file := range files {
			// A process that ends meanwhile has no children any more.
			b, _ := os.ReadFile(file)
			for _, field := range strings.Fields(string(b)) {
				if child, err := strconv.Atoi(field); err == nil {
					pids = append(pids, child)
				}
			}
		}
	}
	return pids
}

// accountOf is what a process has worked, with those of its children that have
// ended and that it has waited for (/proc/PID/stat, proc(5)). It is 0 for a
// process that has ended.
func accountOf(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))

	// The second field is the program's name in parentheses, which may hold spaces.
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0
	}

	// utime stime cutime cstime: fields 14 to 17 of the whole line.
	var ticks time.Duration
	for _, field := range fields[11:15] {
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += time.Duration(n)
	}
	return ticks * clockTick
}

// threadTime is what the running threads of these processes have worked, in
// nanoseconds and so much finer than accountOf (/proc/PID/task/TID/schedstat).
// Threads that have ended are not in it.
func threadTime(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, file := range files {
			b, _ := os.ReadFile(file)
			ns, _, _ := strings.Cut(string(b), " ")
			n, _ := strconv.ParseInt(ns, 10, 64)
			sum += time.Duration(n)
		}
	}
	return sum
}

// memory is what processes hold, in bytes. In the proportional size, a page that
// n processes share counts as 1/n for each of them.
type memory struct{ resident, proportional int }

// memoryOf adds up the memory of these processes (/proc/PID/smaps_rollup).
func memoryOf(pids []int) (m memory, err error) {
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return m, err
		}

		for line := range bytes.Lines(b) {
			var name string
			var kilobytes int
			if n, _ := fmt.Sscanf(string(line), "%s %d", &name, &kilobytes); n != 2 {
				continue
			}

			switch name {
			case "Rss:":
				m.resident += kilobytes << 10
			case "Pss:":
				m.proportional += kilobytes << 10
			}
		}
	}
	return m, nil
}

// String is in megabytes, as it stands in the report.
func (m memory) String() string {
	return fmt.Sprintf("%.1f MB resident, %.1f MB proportional", megabytes(m.resident), megabytes(m.proportional))
}

func megabytes(bytes int) float64 { return float64(bytes) / 1e6 }

// diskBytes is what these processes have had written to the disk, in bytes
// (/proc/PID/io). The kernel counts whole pages, when they become dirty.
func diskBytes(pids []int) (sum int, err error) {
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
		if err != nil {
			return 0, err
		}

		_, rest, ok := strings.Cut(string(b), "\nwrite_bytes: ")
		if !ok {
			return 0, errors.New("/proc/PID/io has no write_bytes")
		}

		n, _, _ := strings.Cut(rest, "\n")
		count, err := strconv.Atoi(n)
		if err != nil {
			return 0, err
		}
		sum += count
	}
	return sum, nil
}
