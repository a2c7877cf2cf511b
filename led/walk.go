// SPDX-License-Identifier: Apache-2.0

package led

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrBusy is a walk that may not begin: the lamps show a tap, or another walk.
	ErrBusy = errors.New("the lamps show something")
	// ErrTaken is a walk that ended because the lamps were told to show something.
	ErrTaken = errors.New("the lamps were needed")
)

// gap is dark time between two steps.
const gap = 400 * ms

// A walk is a test of the lamps, while it is under way.
type walk struct {
	step  pattern
	begun time.Time
	ended chan struct{} // closed when the lamps are taken for something else
}

// A step of a walk: a pattern, and what a person should see.
type step struct {
	pattern
	words string
}

// steps are each lamp by itself, then each pattern that a tap or a fault can show.
func steps() []step {
	cut := func(p pattern, blinks int) pattern {
		p.blinks, p.rounds = blinks, 1
		return p
	}
	second := func(c colour) pattern { return pattern{lamp: c, on: time.Second, blinks: 1, rounds: 1} }
	all := []step{
		{second(green), "green lamp"},
		{second(red), "red lamp"},
		{second(amber), "amber lamp"},
		{second(amber), "reading: amber, steady"},
		{cut(Pending.pattern(), 3), "pending: amber, slow blink"},
		{Valid.pattern(), "valid: green, 3 s"},
		{Invalid.pattern(), "invalid: red, 3 s"},
		{Again.pattern(), "tap again: amber, fast blink"},
		{Refused.pattern(), "refused: amber, two double blinks"},
	}
	for code := 1; code <= 7; code++ {
		p := servicePattern(code)
		p.rounds, p.pause = 1, 600*ms
		all = append(all, step{p, fmt.Sprintf("service code %d: amber, %d blinks", code, code)})
	}
	return all
}

// Walk shows each lamp and each pattern, for some forty seconds in all, and tells
// each step as it begins. It shows nothing while a tap is shown, and whatever the
// lamps are told to show ends it at once: ErrTaken. It leaves the lamps dark, or to
// what has taken them. Nothing waits for tell but the walk.
func (l *Lamps) Walk(ctx context.Context, tell func(step string)) error {
	w := &walk{ended: make(chan struct{})}
	if !l.reserve(w) {
		return ErrBusy
	}
	defer l.release(w)
	for _, s := range steps() {
		if !l.show(w, s.pattern) {
			return ErrTaken
		}
		tell(s.words)
		l.mu.Lock()
		over := w.begun.Add(s.length() + gap)
		l.mu.Unlock()
		select {
		case <-time.After(time.Until(over)):
		case <-w.ended:
			return ErrTaken
		case <-l.quit:
			return ErrTaken
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// reserve begins a walk unless a signal is being shown, or another walk.
func (l *Lamps) reserve(w *walk) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, next := l.signal.pattern().at(time.Since(l.shown))
	if next > 0 || l.walk != nil {
		return false
	}
	l.walk = w
	return true
}

// show shows a step, unless the lamps have been taken.
func (l *Lamps) show(w *walk, p pattern) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.walk != w {
		return false
	}
	w.step, w.begun = p, time.Now()
	l.stir()
	return true
}

func (l *Lamps) release(w *walk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.walk == w {
		l.walk = nil
		l.stir()
	}
}

// take ends a walk. l.mu is held.
func (l *Lamps) take() {
	if l.walk != nil {
		close(l.walk.ended)
		l.walk = nil
	}
}
