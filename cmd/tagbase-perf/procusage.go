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
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const clockTick = 10 * time.Millisecond // USER_HZ, proc(5)

// busyTime is what all processors have worked since the machine started, by /proc/stat.
func busyTime() (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %.40q", line)
	}
	var ticks time.Duration
	for i, field := range fields[1:9] { // user nice system idle iowait irq softirq steal
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
	for i := 0; i < len(pids); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		for _, file := range files {
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

// workTime is what the threads that there are of these processes have worked, by /proc/PID/task/TID/schedstat.
func workTime(pids []int) (sum time.Duration) {
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

// memory is bytes that these processes hold: resident, and proportional, where what n of them share counts 1/n each.
type memory struct{ resident, proportional int }

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

// written is what these processes have had written to disk, by /proc/PID/io.
func written(pids []int) (sum int, err error) {
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

// A pulse is a thread that sleeps for a while, over and over, and notes how late it wakes up: what the scheduler does to
// whoever waits here.
type pulse struct {
	mu   sync.Mutex
	late sample
	stop chan struct{}
	once sync.Once
	gone sync.WaitGroup
}

const pulseEvery = 5 * time.Millisecond

func newPulse() *pulse {
	p := &pulse{stop: make(chan struct{})}
	p.gone.Go(func() {
		for {
			select {
			case <-p.stop:
				return
			default:
			}
			due := time.Now().Add(pulseEvery)
			nap := unix.NsecToTimespec(int64(pulseEvery))
			unix.Nanosleep(&nap, nil)
			late := time.Since(due)
			p.mu.Lock()
			p.late = append(p.late, late)
			p.mu.Unlock()
		}
	})
	return p
}

// end may be called again.
func (p *pulse) end() sample {
	p.once.Do(func() { close(p.stop) })
	p.gone.Wait()
	return p.late
}

// accountOf is what a process and those of its children that it has buried have worked, by /proc/PID/stat.
func accountOf(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0
	}
	var ticks time.Duration
	for _, field := range fields[11:15] { // utime stime cutime cstime
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += time.Duration(n)
	}
	return ticks * clockTick
}
