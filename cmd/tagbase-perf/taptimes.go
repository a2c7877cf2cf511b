// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// inDeselect is the command with which a station begins to look for another tag
// (PN532 User Manual, 7.3.10).
const inDeselect = 0x44

var errNoLamp = errors.New("no lamp changed")

// tap lays a tag on the reader, takes it away when the lamps show the outcome,
// and adds its times to the result.
func (r *seriesRun) tap(ctx context.Context, tag simchip.Chip) error {
	ctx, cancel := context.WithTimeout(ctx, tapTime)
	defer cancel()

	shown, _ := r.bench.Lamps.Changes(0)
	lit := sim.Lit{}
	if n := len(shown); n > 0 {
		lit = shown[n-1].Lit
	}

	entered := time.Now()
	r.bench.Field.Put(tag)
	report, err := r.who.tapped(ctx, entered)
	if err != nil {
		return err
	}

	// The lamps are changed at about the time of the report: either may be seen first.
	wantGreen := report.outcome == "valid"
	amber, green, err := r.bench.watchLamps(ctx, len(shown), lit, wantGreen)
	r.bench.Field.Remove()
	if err != nil {
		return err
	}

	// After a pending scan amber blinks: whether this tap switched it on cannot be told.
	if !amber.IsZero() && r.before != "pending" {
		r.result.Amber = append(r.result.Amber, amber.Sub(entered))
	}
	r.addTraffic(entered, report.read)
	r.addTimes(entered, green, report)
	r.before = report.outcome
	return nil
}

// watchLamps finds when amber went on, and if green is to come, waits for that.
// Lamps that are switched together are seen in any order. from is the number of
// lamp changes before the tap, before is what was lit then.
func (b *seriesBench) watchLamps(
	ctx context.Context, from int, before sim.Lit, wantGreen bool,
) (amber, green time.Time, err error) {
	for {
		changes, news := b.Lamps.Changes(from)
		for _, c := range changes {
			goesOn := func(lamp sim.Colour) bool { return c.Lit[lamp] && !before[lamp] }
			switch {
			case goesOn(sim.Red):
				return amber, green, errors.New("a genuine tag was shown red")
			case goesOn(sim.Green) && !wantGreen:
				return amber, green, errors.New("a pending scan was shown green")
			case goesOn(sim.Green):
				green = c.Time
			case goesOn(sim.Amber) && amber.IsZero():
				amber = c.Time
			}

			before = c.Lit
		}

		if !wantGreen || !green.IsZero() {
			return amber, green, nil
		}
		from += len(changes)

		// If both are ready either may win: a lamp that comes with the end of the time is too late.
		select {
		case <-news:
		case <-ctx.Done():
			return amber, green, errors.Join(errNoLamp, ctx.Err())
		}
	}
}

// addTraffic adds what passed between the reader's chip and its host in that
// time: until the URL.
func (r *seriesRun) addTraffic(from, to time.Time) {
	traffic := r.bench.PN532.Traffic()
	r.bench.chipLate = append(r.bench.chipLate, traffic.Late...)

	// The URL's last byte came with the last answer before the look for another tag.
	var last, read time.Time
	for _, d := range traffic.Dialogues {
		if d.Began.After(from) && d.Ended.Before(to) {
			r.result.Commands += 1 / float64(r.result.Taps)
			r.result.Bytes += float64(d.Bytes) / float64(r.result.Taps)

			if d.Code == inDeselect {
				read = last
			}
			last = d.Ended
		}
	}

	// An alternative does not look for another tag: it has no such time.
	if !read.IsZero() {
		r.result.Read = append(r.result.Read, read.Sub(from))
	}
}

// addTimes adds the points in time of one tap. green is zero for a pending one.
func (r *seriesRun) addTimes(entered, green time.Time, report tapReport) {
	res := r.result
	first, last := r.requests(entered)

	// The URL and the verdict are known of every tap that has them.
	res.URL = append(res.URL, report.read.Sub(entered))
	if !green.IsZero() {
		res.Verdict = append(res.Verdict, green.Sub(entered))
	}

	// A connection that was kept from an earlier tap had its request then: nothing can be told of this one.
	if last.answered.IsZero() {
		return
	}
	wire := first.asked.Sub(report.read)
	res.Wire = append(res.Wire, wire)

	if r.before == "pending" {
		res.Next = append(res.Next, report.connect)
	} else {
		res.First = append(res.First, report.connect)
	}

	// Without a verdict no lamp shows when the answer was handled: amber was on already.
	if !green.IsZero() {
		lamp := green.Sub(last.answered)
		res.Lamp = append(res.Lamp, lamp)
		res.Own = append(res.Own, wire-report.connect+lamp)
	}
}

// requests are the connections of this tap's first request and of its last
// answer, which are two in one-tap.
func (r *seriesRun) requests(entered time.Time) (first, last connection) {
	for _, c := range r.bench.connections.take(entered, time.Now()) {
		r.result.NetBytes += float64(c.bytes) / float64(r.result.Taps)
		if first.asked.IsZero() || c.asked.Before(first.asked) {
			first = c
		}
		if c.answered.After(last.answered) {
			last = c
		}
	}
	return first, last
}
