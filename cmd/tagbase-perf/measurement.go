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

// A measurement is all series.
type measurement struct {
	program       string
	dir, only     string
	into          string
	taps          int
	anyway        bool
	idle          time.Duration
	out, progress io.Writer

	results []*result
	still   *rest
}

func (m *measurement) say(format string, args ...any) { fmt.Fprintf(m.progress, format, args...) }

// otherTrip is the round trip at which others are measured.
const otherTrip = 20 * time.Millisecond

var trips = []time.Duration{0, 20 * time.Millisecond, 80 * time.Millisecond}

func plans() (all []plan) {
	for _, chip := range []string{"ntag424", "ntag223"} {
		for _, liveness := range []string{"two-taps", "one-tap"} {
			for _, trip := range trips {
				all = append(all, plan{chip, liveness, trip, true, stationName})
			}
		}
		all = append(all, plan{chip, "two-taps", 0, false, stationName})
	}
	return append(all,
		plan{"ntag424", "two-taps", otherTrip, true, plainLoopName},
		plan{"ntag424", "two-taps", otherTrip, true, scriptName})
}

func (m *measurement) run(ctx context.Context) error {
	if strings.Contains("rest", m.only) {
		if err := m.resting(ctx); err != nil {
			return fmt.Errorf("at rest: %w", err)
		}
	}
	for _, p := range plans() {
		if !strings.Contains(p.String(), m.only) {
			continue
		}
		res, err := m.series(ctx, p)
		if err != nil {
			return fmt.Errorf("%v: %w", p, err)
		}
		m.results = append(m.results, res)
		m.show(res)
	}
	if len(m.results) == 0 && m.still == nil {
		return fmt.Errorf("--only %q: no series has that in its name; one is called %q", m.only, plans()[0])
	}
	fmt.Fprint(m.out, m.report())
	if m.into == "" {
		return nil
	}
	return m.write(m.into)
}

// series makes a series until the machine lets it.
func (m *measurement) series(ctx context.Context, p plan) (*result, error) {
	for try := 1; ; try++ {
		if !m.anyway {
			if err := awaitQuiet(ctx, m.say); err != nil {
				return nil, err
			}
		}
		res, err := m.once(ctx, p)
		if err != nil {
			return nil, err
		}
		err = res.Fault.check()
		if err == nil || m.anyway {
			return res, nil
		}
		var busy *busyError
		if !errors.As(err, &busy) || try == seriesTries {
			return nil, err
		}
		m.say("%v: again: %v\n", p, err)
	}
}

func (m *measurement) once(ctx context.Context, p plan) (res *result, err error) {
	r, err := newRig(m.dir, p.Chip, p.Trip, p.Timing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	var s subject
	if p.Who == stationName {
		s, err = startStation(ctx, r, m.program, p.Liveness)
	} else {
		s, err = r.startOther(ctx, p.Who)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return r.run(ctx, s, p, m.taps)
}

func (m *measurement) show(r *result) {
	m.say("%v: %d taps\n", r.Plan, r.Taps)
	row := func(name string, s sample) {
		m.say("  %-28s %4d  p50 %8.3f  p95 %8.3f  p99 %8.3f\n", name, len(s), milli(s.quantile(.5)), milli(s.quantile(.95)), milli(s.quantile(.99)))
	}
	row("tag enters -> amber", r.Amber)
	row("tag enters -> URL", r.URL)
	row("URL -> first byte", r.Wire)
	row("answer -> lamp", r.Lamp)
	row("both", r.Own)
	row("connect, first", r.First)
	row("connect, next", r.Next)
	row("tag enters -> verdict", r.Verdict)
	m.say("  floor %.1f ms, %d commands, %d bytes; %.2f commands, %.1f bytes; network %.0f bytes, disk %.0f bytes, memory %.1f MB resident, %.1f MB proportional\n  %+v\n",
		milli(r.Floor.Time), r.Floor.Commands, r.Floor.Bytes, r.Commands, r.Bytes, r.NetBytes, r.Disk,
		float64(r.Memory.resident)/1e6, float64(r.Memory.proportional)/1e6, r.Fault)
}

// resting measures the rest until the machine lets it.
func (m *measurement) resting(ctx context.Context) error {
	for try := 1; ; try++ {
		if !m.anyway {
			if err := awaitQuiet(ctx, m.say); err != nil {
				return err
			}
		}
		res, err := m.rest(ctx)
		if err != nil {
			return err
		}
		if err = res.Fault.check(); err == nil || m.anyway {
			m.still = res
			m.say("at rest: %+v\n", *res)
			return nil
		}
		if try == seriesTries {
			return err
		}
		m.say("at rest: again: %v\n", err)
	}
}
