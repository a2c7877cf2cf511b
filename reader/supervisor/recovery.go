// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"errors"
	"fmt"
	"time"
)

// Recovery of a reader that its child could not bring back, in this order. The steps 1 to 3 are the
// child's: see reader/recovery.go.
//
//	4  a new child             the old one killed if it does not end or is silent
//	5  the reset line          RSTPDN low for resetLow, then resetRise of rest
//	6  again from 3            with lastDelay between children
const (
	silence    = 5 * time.Second        // a child without a line for this long hangs
	firstDelay = 100 * time.Millisecond // before the first new child
	lastDelay  = 800 * time.Millisecond // before any later one
	healthy    = 10 * time.Second       // a child that lived this long starts the delays again

	// The reset line of a PN532: what other projects needed to bring one back.
	resetLow  = 100 * time.Millisecond
	resetRise = 200 * time.Millisecond
)

// A readerState is how a child left the reader.
type readerState int

const (
	readerSilent readerState = iota // it does not answer, or the child died before it could tell
	readerAbsent                    // missing, or held by another process
	readerWell
)

// A ladder counts how far the daemon has come with a reader that children could not
// bring back.
type ladder struct {
	failed int // children in a row that left it silent
	delay  time.Duration
}

// childEnded notes a child's end, and returns what comes before the next one: a delay, and a pulse
// on the reset line if a new child alone has not helped.
func (l *ladder) childEnded(left readerState, lived time.Duration) (reset bool, delay time.Duration) {
	if lived >= healthy {
		l.delay = 0
	}
	l.delay = min(max(2*l.delay, firstDelay), lastDelay)

	if left == readerSilent {
		l.failed++
	} else {
		l.failed = 0
	}
	return l.failed > 1, l.delay
}

// A ResetLine is wired to the reader's RSTPDN (PN532: low for power-down and reset). Set(true) pulls it low.
// The daemon opens it as a GPIO line of package led. It is an interface, since this package does not import led.
type ResetLine interface {
	Set(on bool) error
	Close() error
}

// pulse resets the reader, in 300 ms, and gives the line back whatever fails.
func pulse(open func() (ResetLine, error)) error {
	line, err := open()
	if err != nil {
		return fmt.Errorf("reset line: %w", err)
	}

	// A line that could not be pulled low is let go all the same.
	err = line.Set(true)
	time.Sleep(resetLow)
	err = errors.Join(err, line.Set(false))
	time.Sleep(resetRise)

	if err := errors.Join(err, line.Close()); err != nil {
		return fmt.Errorf("reset line: %w", err)
	}
	return nil
}
