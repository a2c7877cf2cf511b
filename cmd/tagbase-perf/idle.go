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

// A rest is what a station costs while nobody taps, and how it starts.
type rest struct {
	Idle   float64 // of one processor, both processes, tag-less
	Over   time.Duration
	Memory memory
	Ready  sample // from exec to READY=1
	Size   int64  // bytes of the program
	Disk   diskUse
	Wake   sample // of a thread that waits at a pipe
	Fault  fault
}

const (
	startCount = 20
	idleSettle = 5 * time.Second
)

func (m *measurement) rest(ctx context.Context) (res *rest, err error) {
	res = &rest{Over: m.idle}
	info, err := os.Stat(m.program)
	if err != nil {
		return nil, err
	}
	res.Size = info.Size()
	if res.Disk, err = measureDisk(m.dir, m.taps); err != nil {
		return nil, err
	}
	if res.Wake, err = measureWake(m.taps); err != nil {
		return nil, err
	}
	r, err := newRig(m.dir, "ntag424", 0, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for range startCount {
		took, err := r.startTime(ctx, m.program)
		if err != nil {
			return nil, err
		}
		res.Ready = append(res.Ready, took)
	}
	s, err := startStation(ctx, r, m.program, "two-taps")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	pause(ctx, idleSettle)
	r.bench.PN532.Traffic()
	g, err := newGuard()
	if err != nil {
		return nil, err
	}
	before, began := workTime(s.pids()), time.Now()
	pause(ctx, m.idle)
	res.Idle = float64(workTime(s.pids())-before) / float64(time.Since(began))
	if res.Fault, err = g.end(r.bench.PN532.Traffic().Late, nil, nil); err != nil {
		return nil, err
	}
	res.Memory, err = memoryOf(s.pids())
	return res, errors.Join(err, ctx.Err())
}

// startTime is from exec to READY=1 (sd_notify(3)).
func (r *rig) startTime(ctx context.Context, program string) (took time.Duration, err error) {
	config, err := r.bench.WriteConfig("libnfc", "")
	if err != nil {
		return 0, err
	}
	notify := filepath.Join(r.bench.Dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	if err != nil {
		return 0, err
	}
	defer os.Remove(notify)
	defer conn.Close()
	cmd := exec.CommandContext(ctx, program, "run", "--config", config)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+notify)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	}()
	conn.SetReadDeadline(began.Add(tapTime))
	for b := make([]byte, 4096); ; {
		n, err := conn.Read(b)
		if err != nil {
			return 0, fmt.Errorf("waiting for READY=1: %w", err)
		}
		if strings.Contains(string(b[:n]), "READY=1") {
			return time.Since(began), nil
		}
	}
}
