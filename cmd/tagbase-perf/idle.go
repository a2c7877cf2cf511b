// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// An idleResult is what a station costs while nobody taps, and how it starts.
// Memory and processor time are those of both its processes.
type idleResult struct {
	Processor  float64       // share of one
	Over       time.Duration // for how long that was measured
	Memory     memory
	Start      sample // from exec to READY=1
	Program    int    // bytes of the program's file
	Journal    journalCost
	PipeWakeup sample // of this machine, see measurePipeWakeup
	Disturbed  disturbance
}

const (
	// startCount starts are enough for a p95; each takes some milliseconds.
	startCount = 20
	// settleTime lets the work that follows a start end before the idle time begins.
	settleTime = 5 * time.Second
)

// measureIdle measures everything that needs no tap.
func (m *measurement) measureIdle(ctx context.Context) (res *idleResult, err error) {
	res = &idleResult{Over: m.idleTime}
	info, err := os.Stat(m.program)
	if err != nil {
		return nil, err
	}
	res.Program = int(info.Size())

	// What the disk and the scheduler of this machine cost by themselves, before a station runs beside them.
	if res.Journal, err = measureJournal(m.dir, m.taps); err != nil {
		return nil, err
	}
	if res.PipeWakeup, err = measurePipeWakeup(m.taps); err != nil {
		return nil, err
	}

	b, err := newSeriesBench(m.dir, "ntag424", 0, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	for range startCount {
		took, err := b.startTime(ctx, m.program)
		if err != nil {
			return nil, err
		}
		res.Start = append(res.Start, took)
	}
	return res, m.watchIdle(ctx, b, res)
}

// watchIdle lets one station run for idleTime with no tag in the field.
func (m *measurement) watchIdle(ctx context.Context, b *seriesBench, res *idleResult) (err error) {
	s, err := startStation(ctx, b, m.program, "two-taps")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	pause(ctx, settleTime)

	// The chip's lateness so far is not of this watch.
	b.PN532.Traffic()
	w, err := watchMachine()
	if err != nil {
		return err
	}
	before, began := threadTime(s.pids()), time.Now()
	pause(ctx, m.idleTime)
	res.Processor = float64(threadTime(s.pids())-before) / float64(time.Since(began))

	if res.Disturbed, err = w.end(b.PN532.Traffic().Late, nil, nil); err != nil {
		return err
	}
	res.Memory, err = memoryOf(s.pids())
	return errors.Join(err, ctx.Err())
}

// startTime measures one start, from exec to READY=1 (sd_notify(3)): the moment
// from which systemd takes the station to run.
func (b *seriesBench) startTime(ctx context.Context, program string) (took time.Duration, err error) {
	config, err := b.WriteConfig("libnfc", "")
	if err != nil {
		return 0, err
	}
	socket := filepath.Join(b.Dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return 0, err
	}
	defer os.Remove(socket)
	defer conn.Close()

	cmd := exec.CommandContext(ctx, program, "run", "--config", config)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) }()

	// Other notifications come first; the deadline ends the wait for one that never comes.
	conn.SetReadDeadline(began.Add(tapTime))
	for message := make([]byte, 4096); ; {
		n, err := conn.Read(message)
		if err != nil {
			return 0, fmt.Errorf("waiting for READY=1: %w", err)
		}
		if strings.Contains(string(message[:n]), "READY=1") {
			return time.Since(began), nil
		}
	}
}
