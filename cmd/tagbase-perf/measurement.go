// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// A measurement is one run of this command: the idle station, then all series.
type measurement struct {
	program       string // the station's
	dir           string // for everything that it writes meanwhile
	only, into    string // flags
	taps          int    // in each series
	anyway        bool   // on a busy machine too
	idleTime      time.Duration
	out, progress io.Writer

	results []*seriesResult
	idle    *idleResult // nil if --only left it out
}

func (m *measurement) say(format string, args ...any) { fmt.Fprintf(m.progress, format, args...) }

// alternativesTrip is the round trip at which the alternatives are measured: an
// ordinary line to a data centre in the same country.
const alternativesTrip = 20 * time.Millisecond

// trips are the round trips of a station's series: none, which leaves the
// station's own time, that of an ordinary line, and that of a slow one.
var trips = []time.Duration{0, 20 * time.Millisecond, 80 * time.Millisecond}

// allPlans are the series of a full measurement, in the order of the report.
func allPlans() (all []seriesPlan) {
	for _, chip := range []string{"ntag424", "ntag223"} {
		for _, liveness := range []string{"two-taps", "one-tap"} {
			for _, trip := range trips {
				all = append(all, seriesPlan{chip, liveness, trip, true, stationName})
			}
		}
		all = append(all, seriesPlan{chip, "two-taps", 0, false, stationName})
	}
	return append(all,
		seriesPlan{"ntag424", "two-taps", alternativesTrip, true, plainLoopName},
		seriesPlan{"ntag424", "two-taps", alternativesTrip, true, scriptName})
}

// run measures, prints the figures, and writes them into the document if the
// flags say so.
func (m *measurement) run(ctx context.Context) error {
	if strings.Contains("idle", m.only) {
		if err := m.runIdle(ctx); err != nil {
			return fmt.Errorf("idle station: %w", err)
		}
	}

	for _, p := range allPlans() {
		if !strings.Contains(p.String(), m.only) {
			continue
		}
		if err := m.runSeries(ctx, p); err != nil {
			return fmt.Errorf("%v: %w", p, err)
		}
	}

	if len(m.results) == 0 && m.idle == nil {
		return fmt.Errorf("--only %q: no series has that in its name; one is called %q", m.only, allPlans()[0])
	}

	fmt.Fprint(m.out, m.summary()+"\n"+m.figures())
	if m.into == "" {
		return nil
	}
	return m.write(m.into)
}

func (m *measurement) runIdle(ctx context.Context) error {
	return m.onQuietMachine(ctx, "idle station", func() (d disturbance, err error) {
		if m.idle, err = m.measureIdle(ctx); err != nil {
			return d, err
		}
		m.say("idle station: %v, %.2f %% of a processor\n", m.idle.Memory, 100*m.idle.Processor)
		return m.idle.Disturbed, nil
	})
}

func (m *measurement) runSeries(ctx context.Context, p seriesPlan) error {
	var res *seriesResult
	err := m.onQuietMachine(ctx, p.String(), func() (d disturbance, err error) {
		if res, err = m.measureSeries(ctx, p); err != nil {
			return d, err
		}
		return res.Disturbed, nil
	})
	if err != nil {
		return err
	}

	m.results = append(m.results, res)
	m.showProgress(res)
	return nil
}

// onQuietMachine measures until nothing disturbed the measurement, at most
// seriesTries times.
func (m *measurement) onQuietMachine(ctx context.Context, name string, measure func() (disturbance, error)) error {
	for try := 1; ; try++ {
		if !m.anyway {
			if err := awaitQuiet(ctx, m.say); err != nil {
				return err
			}
		}

		disturbed, err := measure()
		if err != nil {
			return err
		}

		err = disturbed.check()
		if err == nil || m.anyway {
			return nil
		}
		if try == seriesTries {
			return err
		}
		m.say("%s: once more: %v\n", name, err)
	}
}

// measureSeries makes one series on a bench of its own.
func (m *measurement) measureSeries(ctx context.Context, p seriesPlan) (res *seriesResult, err error) {
	b, err := newSeriesBench(m.dir, p.Chip, p.Trip, p.Timing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	var who subject
	if p.Who == stationName {
		who, err = startStation(ctx, b, m.program, p.Liveness)
	} else {
		who, err = startAlternative(ctx, b, p.Who)
	}
	if err != nil {
		return nil, err
	}

	// Runs before the bench is closed: a station logs errors if its platform goes first.
	defer func() { err = errors.Join(err, who.stop()) }()
	return b.run(ctx, who, p, m.taps)
}

// showProgress prints one series in full, for the person who watches the run.
func (m *measurement) showProgress(r *seriesResult) {
	m.say("%v: %d taps\n", r.Plan, r.Taps)

	for _, row := range []struct {
		name string
		s    sample
	}{
		{"tag enters -> amber", r.Amber},
		{"tag enters -> URL", r.URL},
		{"URL -> first byte", r.Wire},
		{"answer -> lamp", r.Lamp},
		{"own time", r.Own},
		{"connection, first tap", r.First},
		{"connection, tap after pending", r.Next},
		{"tag enters -> verdict", r.Verdict},
	} {
		m.say("  %-30s %4d  p50 %8.3f  p95 %8.3f  p99 %8.3f ms\n", row.name, len(row.s),
			milliseconds(row.s.quantile(.5)), milliseconds(row.s.quantile(.95)), milliseconds(row.s.quantile(.99)))
	}

	m.say("  floor: %.1f ms, %d commands, %d bytes; a tap: %.2f commands, %.1f bytes\n",
		milliseconds(r.Floor.Time), r.Floor.Commands, r.Floor.Bytes, r.Commands, r.Bytes)
	m.say("  a tap: %.0f bytes on the network, %.0f bytes to disk; %v\n", r.NetBytes, r.Disk, r.Memory)
	m.say("  %v\n", r.Disturbed)
}
