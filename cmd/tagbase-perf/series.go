// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// A seriesPlan says what one series of taps is made with.
type seriesPlan struct {
	Chip     string        // "ntag424" or "ntag223"
	Liveness string        // "two-taps" or "one-tap"
	Trip     time.Duration // round trip of the network
	Timing   bool          // the reader takes the time of a real one at 115200 baud; or none at all
	Who      string        // stationName, plainLoopName or scriptName
}

func (p seriesPlan) String() string {
	wire := "115200 baud"
	if !p.Timing {
		wire = "no wire"
	}
	return fmt.Sprintf("%s, %s, %s, %v, %s", p.Who, p.Chip, p.Liveness, p.Trip, wire)
}

// A seriesResult is what was measured in a series. A sample has a value for each
// tap that has the thing in question.
type seriesResult struct {
	Plan  seriesPlan
	Floor simreader.MinRead
	Taps  int

	Amber   sample // tag enters -> amber
	URL     sample // tag enters -> the tap counts and its URL is known
	Read    sample // tag enters -> the URL's last byte, before the reader looks for another tag
	Wire    sample // URL -> the network has the first byte of the request
	Lamp    sample // the network gives the last byte of the answer -> green
	Own     sample // Wire and Lamp together, less the wait for a connection
	Verdict sample // tag enters -> green
	First   sample // wait for a connection, in a first tap
	Next    sample // the same in a tap after a pending one, for which one was dialled ahead

	Commands float64 // to the reader's chip until the URL, a tap
	Bytes    float64 // of these commands and their answers, a tap
	NetBytes float64 // both ways, a tap
	Disk     float64 // bytes, a tap
	Memory   memory  // at the end of the series

	Failed    []string // taps that had another outcome than pending or valid
	Disturbed disturbance
}

// The pace of the person who holds the tags.
const (
	awayLeast = 130 * time.Millisecond // the reader sees an empty field before each tap: it looks every 20 ms
	awayPhase = 100 * time.Millisecond // added at random: a tap comes at any phase of the polling
	tapsApart = 455 * time.Millisecond // with half of awayPhase: two taps a second, which a station takes for ever
	tapTime   = 5 * time.Second        // after which a tap has failed
	failShare = 100                    // one tap in so many may fail, and one in any case
	warmTaps  = 2 * tagsInTurn         // taps that do not count, nor do their failures: each tag comes twice
)

// A subject is what is measured: a program that reads the bench's tags and
// lights its lamps.
type subject interface {
	// tapped waits until the subject has finished the tap that entered then.
	tapped(ctx context.Context, entered time.Time) (tapReport, error)
	// pids are the subject's processes.
	pids() []int
	stop() error
}

// A tapReport is what a subject itself says of a tap: what the bench cannot see.
type tapReport struct {
	read    time.Time     // when it had the URL
	connect time.Duration // how long it waited for a connection
	outcome string        // "valid" or "pending"
}

// A seriesRun is a series while it runs.
type seriesRun struct {
	bench   *seriesBench
	who     subject
	result  *seriesResult // of the taps that do not count, then of those that do
	mayFail int           // of the taps in result
	before  string        // outcome of the tap before, "" if that failed
	last    time.Time     // when it entered
}

// run makes taps, after some that do not count.
func (b *seriesBench) run(ctx context.Context, who subject, p seriesPlan, taps int) (*seriesResult, error) {
	counted := &seriesResult{Plan: p, Floor: b.floor, Taps: taps}
	warm := &seriesResult{Plan: p, Taps: taps}
	r := &seriesRun{bench: b, who: who, result: warm, mayFail: warmTaps}
	if err := r.tapInTurn(ctx, 0, warmTaps); err != nil {
		return nil, err
	}

	// From here on it counts: forget what was noted so far.
	r.result, r.mayFail = counted, max(1, taps/failShare)
	b.chipLate = nil
	b.connections.takeLateness()
	b.goroutineLate.take()

	disk, err := diskBytes(who.pids())
	if err != nil {
		return nil, err
	}
	w, err := watchMachine()
	if err != nil {
		return nil, err
	}
	defer w.thread.end()

	if err := r.tapInTurn(ctx, warmTaps, warmTaps+taps); err != nil {
		return nil, err
	}
	return counted, r.account(w, disk)
}

// tapInTurn makes the taps from one number up to another, each with the tag
// whose turn it is.
func (r *seriesRun) tapInTurn(ctx context.Context, from, to int) error {
	p := r.result.Plan
	for n := from; n < to; n++ {
		// The second tap would be the second one of a tag that had no first tap: see turn.
		if p.Liveness != "one-tap" && n == 1 {
			continue
		}

		// An alternative keeps its connection. Before a first tap it has been idle for minutes: the server has cut it.
		if p.Who != stationName && r.before != "pending" {
			r.bench.relay.Cut()
		}
		pause(ctx, max(awayLeast, time.Until(r.last.Add(tapsApart)))+rand.N(awayPhase))

		r.last = time.Now()
		if err := r.tap(ctx, r.bench.tags[turn(p.Liveness, n)]); err != nil {
			r.bench.Field.Remove()
			r.before = ""
			r.result.Failed = append(r.result.Failed, fmt.Sprintf("tap %d: %v", n+1, err))
			if ctx.Err() != nil || len(r.result.Failed) > r.mayFail {
				return fmt.Errorf("too many taps failed: %s", strings.Join(r.result.Failed, "; "))
			}
		}
	}
	return nil
}

// turn is the tag of the nth tap. With two-taps, the first tap of one tag and the
// second tap of another alternate. So each verdict follows a pending scan, as it
// does in life, and no tag comes back within three taps.
func turn(liveness string, n int) int {
	switch {
	case liveness == "one-tap":
		return n % tagsInTurn
	case n%2 == 0:
		return n / 2 % tagsInTurn
	default:
		return (n - 3) / 2 % tagsInTurn
	}
}

// account takes what is counted once a series. It fails if the bench was wrong.
func (r *seriesRun) account(w *machineWatch, disk int) (err error) {
	res, b := r.result, r.bench

	// Nobody reads a tag faster than the wire carries the bytes.
	for _, took := range slices.Concat(res.URL, res.Verdict) {
		if res.Plan.Timing && took < res.Floor.Time {
			return fmt.Errorf("%v is less than the %v that the wire takes: the bench is wrong", took, res.Floor.Time)
		}
	}

	res.Disturbed, err = w.end(b.chipLate, b.connections.takeLateness(), b.goroutineLate.take())
	if err != nil {
		return err
	}

	now, err := diskBytes(r.who.pids())
	if err != nil {
		return err
	}
	res.Disk = float64(now-disk) / float64(res.Taps)
	res.Memory, err = memoryOf(r.who.pids())
	return err
}
