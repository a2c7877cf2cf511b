// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Limits of what may disturb a measurement. Beyond them, the bench or other
// programs on the machine would be measured, and not the station.
const (
	lateLimit      = 500 * time.Microsecond // at p99, for the virtual chip, the network, and a sleeping thread
	goroutineLimit = time.Millisecond       // at p99, for a goroutine that waits for a file
	othersLimit    = 0.15                   // of one processor, by programs that have nothing to do with the bench
)

const (
	quietTime   = 3 * time.Second  // that the machine must have been quiet before a series begins
	quietWait   = 30 * time.Minute // that a series waits for that
	seriesTries = 3
)

// A machineWatch watches the machine while something is measured. Whoever
// starts one must end it.
type machineWatch struct {
	began  time.Time
	busy   time.Duration // of all processors, by then
	ours   time.Duration // of that, the bench's and its descendants'
	thread *threadLateness
}

// A disturbance is how much the bench and other programs disturbed a
// measurement. Times are p99.
type disturbance struct {
	Others        float64       // processors that other programs used
	ChipLate      time.Duration // the virtual PN532's frames, against their own schedule
	NetLate       time.Duration // the relay's bytes, against theirs
	GoroutineLate time.Duration
	ThreadLate    time.Duration
}

func watchMachine() (*machineWatch, error) {
	// busy before ours: work of the bench in between makes others look smaller by it, not larger.
	busy, err := busyTime()
	if err != nil {
		return nil, err
	}
	return &machineWatch{began: time.Now(), busy: busy, ours: ourTime(), thread: newThreadLateness()}, nil
}

// ourTime is the processor time of the bench and its descendants. Descendants
// that have ended are in their parents' account.
func ourTime() (sum time.Duration) {
	for _, pid := range family(os.Getpid()) {
		sum += accountOf(pid)
	}
	return sum
}

// end stops watching. The samples are what the bench has collected of its own
// lateness meanwhile; nil stands for no taps.
func (w *machineWatch) end(chip, net, goroutine sample) (disturbance, error) {
	thread := w.thread.end()
	busy, err := busyTime()
	if err != nil {
		return disturbance{}, err
	}

	// The kernel counts in ticks of 10 ms, and the two sums are read one after the other: this may be below zero.
	others := (busy - w.busy) - (ourTime() - w.ours)
	return disturbance{
		Others:        max(0, float64(others)/float64(time.Since(w.began))),
		ChipLate:      chip.quantile(0.99),
		NetLate:       net.quantile(0.99),
		GoroutineLate: goroutine.quantile(0.99),
		ThreadLate:    thread.quantile(0.99),
	}, nil
}

// A busyError says that the machine was measured, and not the station.
type busyError struct{ disturbance }

func (e *busyError) Error() string {
	return "the machine was too busy to measure: " + e.disturbance.String() + "; stop what else runs on this machine"
}

// String names every cause with its limit.
func (d disturbance) String() string {
	us := func(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
	return fmt.Sprintf("at p99 the virtual chip was %v late, the network %v, a sleeping thread %v (limit %v), "+
		"the bench's own goroutines %v (limit %v); other programs used %.2f of a processor (limit %.2f)",
		us(d.ChipLate), us(d.NetLate), us(d.ThreadLate), lateLimit,
		us(d.GoroutineLate), goroutineLimit, d.Others, othersLimit)
}

// check returns a *busyError if a limit is passed.
func (d disturbance) check() error {
	late := max(d.ChipLate, d.NetLate, d.ThreadLate)
	if d.Others > othersLimit || late > lateLimit || d.GoroutineLate > goroutineLimit {
		return &busyError{d}
	}
	return nil
}

// worse is the larger of each figure.
func (d disturbance) worse(e disturbance) disturbance {
	return disturbance{
		Others:        max(d.Others, e.Others),
		ChipLate:      max(d.ChipLate, e.ChipLate),
		NetLate:       max(d.NetLate, e.NetLate),
		GoroutineLate: max(d.GoroutineLate, e.GoroutineLate),
		ThreadLate:    max(d.ThreadLate, e.ThreadLate),
	}
}

// awaitQuiet waits until nothing else runs on the machine. It fails with a
// *busyError after quietWait.
func awaitQuiet(ctx context.Context, say func(string, ...any)) error {
	told := false
	for deadline := time.Now().Add(quietWait); ; {
		d, err := watchFor(ctx, quietTime)
		if err == nil {
			err = d.check()
		}

		// A cancelled watch was too short to say anything: its result does not count.
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return err
		}
		if !told {
			say("waiting for a quiet machine: other programs use %.2f of a processor, "+
				"a sleeping thread wakes %v late\n", d.Others, d.ThreadLate.Round(time.Microsecond))
			told = true
		}
	}
}

// watchFor watches the machine while the bench does nothing.
func watchFor(ctx context.Context, d time.Duration) (disturbance, error) {
	w, err := watchMachine()
	if err != nil {
		return disturbance{}, err
	}
	pause(ctx, d)
	return w.end(nil, nil, nil)
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	// If both are ready either may win: the caller looks at ctx itself.
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
