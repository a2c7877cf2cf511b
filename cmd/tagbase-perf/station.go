// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
)

const stationName = "station"

// A stationSubject is tagbase-edge itself.
type stationSubject struct {
	daemon *sim.Daemon
	scans  int // of one tap
}

func startStation(ctx context.Context, r *rig, program, liveness string) (subject, error) {
	r.bench.Liveness = liveness
	config, err := r.bench.WriteConfig("libnfc", "")
	if err != nil {
		return nil, err
	}
	d, err := sim.StartDaemon(program, config)
	if err != nil {
		return nil, err
	}
	ready, cancel := context.WithTimeout(ctx, tapTime)
	defer cancel()
	if err := d.AwaitLine(ready, `"reader ready"`); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for the reader: %w", err), d.Stop(), errors.New(d.Log()))
	}
	scans := 1
	if liveness == "one-tap" {
		scans = 2
	}
	return &stationSubject{d, scans}, nil
}

func (s *stationSubject) tapped(ctx context.Context, entered time.Time) (e ending, err error) {
	for n := 0; n < s.scans; n++ {
		scan, err := s.daemon.NextScan(ctx)
		if err != nil {
			return e, fmt.Errorf("scan %d of %d: %w", n+1, s.scans, err)
		}
		logged, err := time.Parse(time.RFC3339Nano, scan.Time)
		if err != nil {
			return e, err
		}
		if logged.Before(entered) { // of a tap that failed
			n--
			continue
		}
		if scan.Outcome != "valid" && scan.Outcome != "pending" {
			return e, fmt.Errorf("the scan was %s %s", scan.Outcome, scan.Reason)
		}
		e.outcome = scan.Outcome
		if n > 0 {
			continue
		}
		e.read = logged.Add(time.Duration((scan.ReadMS - scan.TotalMS) * float64(time.Millisecond)))
		e.connect = time.Duration(scan.ConnectMS * float64(time.Millisecond))
	}
	return e, nil
}

func (s *stationSubject) pids() []int { return family(s.daemon.Process().Pid) }
func (s *stationSubject) stop() error { return s.daemon.Stop() }
