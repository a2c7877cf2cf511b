// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Limits beyond which the bench, or somebody else on the machine, was what was measured.
const (
	lateLimit    = 500 * time.Microsecond // 99 of 100 frames, parcels and naps are less late than this
	bellLimit    = time.Millisecond       // 99 of 100 bells are
	foreignLimit = 0.15                   // of one processor, by others than the bench and what it measures
	quietFor     = 3 * time.Second        // before a series begins
	quietWait    = 30 * time.Minute       // that it waits for that
	seriesTries  = 3
)

// A guard watches the machine while something is measured.
type guard struct {
	began time.Time
	busy  time.Duration
	ours  time.Duration
	pulse *pulse
}

// A bench's fault is how exact it was itself.
type fault struct {
	Foreign                              float64 // processors that others used
	ChipLate, NetLate, BellLate, NapLate time.Duration
}

func newGuard() (*guard, error) {
	busy, err := busyTime()
	if err != nil {
		return nil, err
	}
	return &guard{began: time.Now(), busy: busy, ours: ourTime(), pulse: newPulse()}, nil
}

// ourTime is what the bench and its descendants have worked; those that have ended are in their parents' account.
func ourTime() (sum time.Duration) {
	for _, pid := range family(os.Getpid()) {
		sum += accountOf(pid)
	}
	return sum
}

// end gives the bench's faults since newGuard.
func (g *guard) end(chip, net, bell sample) (fault, error) {
	naps := g.pulse.end()
	busy, err := busyTime()
	if err != nil {
		return fault{}, err
	}
	others := (busy - g.busy) - (ourTime() - g.ours)
	return fault{
		Foreign:  max(0, float64(others)/float64(time.Since(g.began))),
		ChipLate: chip.quantile(0.99),
		NetLate:  net.quantile(0.99),
		BellLate: bell.quantile(0.99),
		NapLate:  naps.quantile(0.99),
	}, nil
}

// A busyError is a measurement of the machine and not of the station.
type busyError struct{ fault }

func (e *busyError) Error() string {
	return fmt.Sprintf("the machine was too busy to measure: others used %.2f of a processor (limit %.2f); at p99 the reader chip was %v late, "+
		"the network %v, a sleeping thread %v (limit %v), its own goroutines %v (limit %v); end what else runs here", e.Foreign, foreignLimit,
		e.ChipLate.Round(time.Microsecond), e.NetLate.Round(time.Microsecond), e.NapLate.Round(time.Microsecond), lateLimit,
		e.BellLate.Round(time.Microsecond), bellLimit)
}

func (f fault) check() error {
	if f.Foreign > foreignLimit || max(f.ChipLate, f.NetLate, f.NapLate) > lateLimit || f.BellLate > bellLimit {
		return &busyError{f}
	}
	return nil
}

// awaitQuiet waits until the machine has nothing else to do.
func awaitQuiet(ctx context.Context, say func(string, ...any)) error {
	told := false
	for deadline := time.Now().Add(quietWait); ; {
		g, err := newGuard()
		if err != nil {
			return err
		}
		pause(ctx, quietFor)
		f, err := g.end(nil, nil, nil)
		if err == nil {
			err = f.check()
		}
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return err
		}
		if !told {
			say("waiting for a quiet machine: others use %.2f of a processor, naps are %v late\n", f.Foreign, f.NapLate.Round(time.Microsecond))
			told = true
		}
	}
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
