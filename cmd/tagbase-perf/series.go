// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// A plan is one series of taps.
type plan struct {
	Chip     string // "ntag424" or "ntag223"
	Liveness string // "two-taps" or "one-tap"
	Trip     time.Duration
	Timing   bool   // realistic, or a reader that takes no time
	Who      string // "station", or what a user would otherwise have
}

func (p plan) String() string {
	wire := "115200 baud"
	if !p.Timing {
		wire = "no wire"
	}
	return fmt.Sprintf("%s, %s, %s, %v, %s", p.Who, p.Chip, p.Liveness, p.Trip, wire)
}

// A result is what a series came to.
type result struct {
	Plan     plan
	Floor    simreader.MinRead
	Taps     int
	Amber    sample // tag enters -> amber
	URL      sample // tag enters -> URL
	Read     sample // tag enters -> the last byte of the URL, before the look for another tag
	Wire     sample // URL -> the network has the first byte of the request
	Lamp     sample // the network gives the last byte of the answer -> lamp
	Own      sample // the last two together, less what was waited for a connection
	Verdict  sample // tag enters -> green
	First    sample // waited for a connection, in a tap before which there was none to dial ahead
	Next     sample // the same in a tap after a pending one
	Commands float64
	Bytes    float64
	NetBytes float64
	Disk     float64 // bytes a tap
	Memory   memory
	Failed   []string // taps that came to something else, if few
	Fault    fault
}

// Pauses of whoever holds the tags: the reader sees an empty field before each tap, at any phase of its polling.
const (
	awayLeast = 130 * time.Millisecond
	awayPhase = 100 * time.Millisecond
	tapsApart = 455 * time.Millisecond // and half of awayPhase: a station takes two taps a second
	tapTime   = 5 * time.Second
	failShare = 100 // of so many taps one may fail
	warmTaps  = 2 * tagsInTurn
)

// A subject is what is measured: it reads the rig's tags and lights its lamps.
type subject interface {
	// tapped waits for the end of the tap that entered then.
	tapped(ctx context.Context, entered time.Time) (ending, error)
	pids() []int
	stop() error
}

// An ending is what a subject says of a tap.
type ending struct {
	read    time.Time     // its URL was read
	connect time.Duration // that it waited for a connection
	outcome string
}

// run makes so many taps, after some that do not count.
func (r *rig) run(ctx context.Context, s subject, p plan, taps int) (*result, error) {
	res := &result{Plan: p, Floor: r.floor, Taps: taps}
	var g *guard
	var disk int
	var last time.Time
	var err error
	before := ""
	for n := range warmTaps + taps {
		if n == warmTaps {
			r.chipLate = nil
			r.calls.lateness()
			r.bell.lateness()
			if disk, err = written(s.pids()); err != nil {
				return nil, err
			}
			if g, err = newGuard(); err != nil {
				return nil, err
			}
			defer g.pulse.end()
		}
		if p.Liveness != "one-tap" && n == 1 {
			continue // nobody has had a first tap three taps ago
		}
		if p.Who != stationName && before != "pending" {
			r.relay.Cut() // the person before was here minutes ago
		}
		pause(ctx, max(awayLeast, time.Until(last.Add(tapsApart)))+rand.N(awayPhase))
		last = time.Now()
		into := res
		if n < warmTaps {
			into = &result{Taps: taps}
		}
		if before, err = r.tap(ctx, s, into, r.tags[turn(p.Liveness, n)], before); err != nil {
			r.bench.Field.Remove()
			into.Failed = append(into.Failed, fmt.Sprintf("tap %d: %v", n+1, err))
			if ctx.Err() != nil || len(res.Failed) > max(1, taps/failShare) {
				return nil, fmt.Errorf("too many taps failed: %s", strings.Join(append(res.Failed, into.Failed...), "; "))
			}
		}
	}
	return res, r.account(res, s, g, disk)
}

// turn is whose turn it is. With two-taps a first tap of one tag and the second one of another take turns, so that each
// verdict follows a pending scan, as it does in life, and no tag comes back within a second.
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

func (r *rig) account(res *result, s subject, g *guard, disk int) (err error) {
	for _, took := range slices.Concat(res.URL, res.Verdict) {
		if res.Plan.Timing && took < res.Floor.Time {
			return fmt.Errorf("%v is less than the %v that the wire takes: the bench is wrong", took, res.Floor.Time)
		}
	}
	if res.Fault, err = g.end(r.chipLate, r.calls.lateness(), r.bell.lateness()); err != nil {
		return err
	}
	now, err := written(s.pids())
	if err != nil {
		return err
	}
	res.Disk = float64(now-disk) / float64(res.Taps)
	res.Memory, err = memoryOf(s.pids())
	return err
}

// inDeselect is the command with which a station begins to look for another tag (PN532 User Manual, 7.3.10).
const inDeselect = 0x44

var errNoLamp = errors.New("no lamp changed")

// tap lays a tag on the reader and takes it away when all is shown.
func (r *rig) tap(ctx context.Context, s subject, res *result, tag simchip.Chip, before string) (outcome string, err error) {
	ctx, cancel := context.WithTimeout(ctx, tapTime)
	defer cancel()
	shown, _ := r.bench.Lamps.Changes(0)
	lit := sim.Lit{}
	if n := len(shown); n > 0 {
		lit = shown[n-1].Lit
	}
	entered := time.Now()
	r.bench.Field.Put(tag)
	end, err := s.tapped(ctx, entered)
	if err != nil {
		return "", err
	}
	wantGreen := end.outcome == "valid"
	amber, green, err := r.watchLamps(ctx, len(shown), lit, wantGreen)
	r.bench.Field.Remove()
	if err != nil {
		return "", err
	}
	if !amber.IsZero() && before != "pending" { // after which it blinks
		res.Amber = append(res.Amber, amber.Sub(entered))
	}
	r.counts(res, entered, end.read)
	r.times(res, entered, green, end, before)
	return end.outcome, nil
}

// counts takes what passed between the reader's chip and its host from one moment to the other.
func (r *rig) counts(res *result, from, to time.Time) {
	traffic := r.bench.PN532.Traffic()
	r.chipLate = append(r.chipLate, traffic.Late...)
	var last, read time.Time
	for _, d := range traffic.Dialogues {
		if d.Began.After(from) && d.Ended.Before(to) {
			res.Commands += 1 / float64(res.Taps)
			res.Bytes += float64(d.Bytes) / float64(res.Taps)
			if d.Code == inDeselect {
				read = last
			}
			last = d.Ended
		}
	}
	if !read.IsZero() {
		res.Read = append(res.Read, read.Sub(from))
	}
}

// times takes the points of one tap.
func (r *rig) times(res *result, entered, green time.Time, end ending, before string) {
	var first, last call
	for _, c := range r.calls.between(entered, time.Now()) {
		res.NetBytes += float64(c.bytes) / float64(res.Taps)
		if first.asked.IsZero() || c.asked.Before(first.asked) {
			first = c
		}
		if c.answered.After(last.answered) {
			last = c
		}
	}
	res.URL = append(res.URL, end.read.Sub(entered))
	if !green.IsZero() {
		res.Verdict = append(res.Verdict, green.Sub(entered))
	}
	if last.answered.IsZero() { // a connection that was kept from before
		return
	}
	res.Wire = append(res.Wire, first.asked.Sub(end.read))
	wait := &res.First
	if before == "pending" {
		wait = &res.Next
	}
	*wait = append(*wait, end.connect)
	if !green.IsZero() {
		res.Lamp = append(res.Lamp, green.Sub(last.answered))
		res.Own = append(res.Own, first.asked.Sub(end.read)-end.connect+green.Sub(last.answered))
	}
}

// watchLamps finds when amber went on, and waits for green to go on if that is to come. Lamps that are switched together are
// seen in any order.
func (r *rig) watchLamps(ctx context.Context, from int, before sim.Lit, wantGreen bool) (amber, green time.Time, err error) {
	for {
		changes, news := r.bench.Lamps.Changes(from)
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
		select {
		case <-news:
		case <-ctx.Done():
			return amber, green, errors.Join(errNoLamp, ctx.Err())
		}
	}
}
