// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
)

// stationName is how the report calls a station, see alternatives.go for what
// it is compared with.
const stationName = "station"

// A stationSubject is tagbase-edge itself, as it is installed.
type stationSubject struct {
	daemon      *sim.Daemon
	scansPerTap int // two in one-tap, which posts both proofs
}

// startStation starts a station on the bench and waits until its reader is
// ready.
func startStation(ctx context.Context, b *seriesBench, program, liveness string) (subject, error) {
	b.Liveness = liveness
	config, err := b.WriteConfig("libnfc", "")
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

	if liveness == "one-tap" {
		return &stationSubject{d, 2}, nil
	}
	return &stationSubject{d, 1}, nil
}

// tapped takes the times of the first scan, which are those that the bench
// cannot see, and the outcome of the last.
func (s *stationSubject) tapped(ctx context.Context, entered time.Time) (report tapReport, err error) {
	for n := 0; n < s.scansPerTap; n++ {
		line, err := s.daemon.NextScan(ctx)
		if err != nil {
			return report, fmt.Errorf("scan %d of %d: %w", n+1, s.scansPerTap, err)
		}

		logged, err := time.Parse(time.RFC3339Nano, line.Time)
		if err != nil {
			return report, err
		}

		// A line of an earlier tap, which failed before all its lines were read.
		if logged.Before(entered) {
			n--
			continue
		}
		if line.Outcome != "valid" && line.Outcome != "pending" {
			return report, fmt.Errorf("the scan was %s %s", line.Outcome, line.Reason)
		}

		report.outcome = line.Outcome
		if n == 0 {
			// The line is logged at the end of the scan: the URL was read total_ms - read_ms before.
			report.read = logged.Add(time.Duration((line.ReadMS - line.TotalMS) * float64(time.Millisecond)))
			report.connect = time.Duration(line.ConnectMS * float64(time.Millisecond))
		}
	}
	return report, nil
}

func (s *stationSubject) pids() []int { return family(s.daemon.Process().Pid) }
func (s *stationSubject) stop() error { return s.daemon.Stop() }
