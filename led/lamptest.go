// SPDX-License-Identifier: Apache-2.0

package led

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

var (
	// ErrBusy means that a test may not begin: the lamps show a tap, or another test runs.
	ErrBusy = errors.New("the lamps are in use")

	// ErrInterrupted means that a test ended early: a tap, or Close, needed the lamps.
	ErrInterrupted = errors.New("the lamps were needed")
)

// gap is the dark time between two steps, so that a person can tell them apart.
const gap = 400 * ms

// A lampTest is a test while it runs. Lamps.mu guards it.
type lampTest struct {
	step        pattern
	stepSince   time.Time
	interrupted chan struct{} // closed when Show takes the lamps away
}

// A testStep is one pattern, and the words for what a person should see.
type testStep struct {
	pattern
	words string
}

// testSteps returns each lamp by itself, then each pattern that a tap or a fault can show.
func testSteps() []testStep {
	second := func(c colour) pattern { return pattern{lamp: c, on: time.Second, blinks: 1, rounds: 1} }

	// Three slow blinks are enough to recognise pending; a tap shows ten.
	pending := Pending.pattern()
	pending.blinks, pending.rounds = 3, 1

	steps := []testStep{
		{second(green), "green lamp"},
		{second(red), "red lamp"},
		{second(amber), "amber lamp"},
		{second(amber), "reading: amber, steady"},
		{pending, "pending: amber, slow blink"},
		{Valid.pattern(), "valid: green, 3 s"},
		{Invalid.pattern(), "invalid: red, 3 s"},
		{Again.pattern(), "tap again: amber, fast blink"},
		{Refused.pattern(), "refused: amber, two double blinks"},
	}

	// Each service code once, with a shorter pause after it.
	for code := 1; code <= int(scan.MaxServiceCode); code++ {
		p := servicePattern(code)
		p.rounds, p.pause = 1, 600*ms
		steps = append(steps, testStep{p, fmt.Sprintf("service code %d: amber, %d blinks", code, code)})
	}
	return steps
}

// Test shows each lamp and each pattern, for about forty seconds in all. It calls
// tell as each step begins; only the test itself waits for tell.
//
// A test does not begin while a tap is being shown (ErrBusy), and Show ends it at
// once (ErrInterrupted). Afterwards the lamps are dark, or show what interrupted it.
func (l *Lamps) Test(ctx context.Context, tell func(step string)) error {
	test := &lampTest{interrupted: make(chan struct{})}
	if !l.beginTest(test) {
		return ErrBusy
	}
	defer l.endTest(test)

	for _, s := range testSteps() {
		if !l.showStep(test, s.pattern) {
			return ErrInterrupted
		}
		tell(s.words)

		l.mu.Lock()
		over := test.stepSince.Add(s.length() + gap)
		l.mu.Unlock()

		// If the step is over and an interruption comes in the same moment, either case
		// may win: showStep notices the interruption at the next step.
		select {
		case <-time.After(time.Until(over)):
		case <-test.interrupted:
			return ErrInterrupted
		case <-l.quit:
			return ErrInterrupted
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// beginTest reserves the lamps, unless they show a signal or another test runs.
func (l *Lamps) beginTest(test *lampTest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	_, lasts := l.signal.pattern().at(time.Since(l.signalSince))
	if lasts > 0 || l.test != nil {
		return false
	}
	l.test = test
	return true
}

// showStep shows a step, unless the test has been interrupted.
func (l *Lamps) showStep(test *lampTest, p pattern) bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	if l.test != test {
		return false
	}
	test.step, test.stepSince = p, time.Now()
	l.wakePlay()
	return true
}

// endTest frees the lamps, unless an interruption has done so already.
func (l *Lamps) endTest(test *lampTest) {
	l.mu.Lock()
	defer l.mu.Unlock()

	if l.test == test {
		l.test = nil
		l.wakePlay()
	}
}

// interruptTest takes the lamps away from a test. The caller holds l.mu.
func (l *Lamps) interruptTest() {
	if l.test != nil {
		close(l.test.interrupted)
		l.test = nil
	}
}
