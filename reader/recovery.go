// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Recovery of a reader that fails, in this order. The first three steps are the
// child's, and cost no more than the call that failed; the others are the daemon's.
//
//	1  the call again          up to maxFaults times, faultPause apart
//	2  the tag selected again  within the tap's 600 ms, from offset 0
//	3  close and open          maxOpens times; for a port that is not there, or held, for ever
//	4  a new child             the old one killed if it does not end or is silent
//	5  the reset line          RSTPDN low for resetLow, then resetRise of rest
//	6  again from 3            with lastDelay between children
const (
	maxMute     = 4 // looks in a row without an answer, of about 0.3 s each: the reader hangs
	maxOpens    = 2
	reopenPause = 100 * time.Millisecond
	missPause   = 250 * time.Millisecond // between looks for a port that is not there

	silence    = 5 * time.Second        // a child without a line for this long hangs
	firstDelay = 100 * time.Millisecond // before the first new child
	lastDelay  = 800 * time.Millisecond // before any later one
	healthy    = 10 * time.Second       // a child that lived this long starts the delays again

	// The reset line of a PN532: what other projects needed to bring one back.
	resetLow  = 100 * time.Millisecond
	resetRise = 200 * time.Millisecond
)

// keepWatching keeps the device open and watched until ctx ends, nobody listens any more, or
// maxOpens openings in a row find a reader that does not answer well. It waits for one that
// is missing, or held by another process, until it comes.
func keepWatching(ctx context.Context, device string, w *watch) error {
	failed := 0
	for ctx.Err() == nil {
		opened, err := openAndWatch(ctx, device, w)
		var unheard *emitError
		if err == nil || errors.As(err, &unheard) {
			return err
		}
		if w.ready {
			failed = 0
		}

		missing := Missing(err) || unplugged(device)
		silent := !missing && (opened || errors.Is(err, errHung))
		if err := w.send(Event{Kind: EventFault, Err: err, Missing: missing, Silent: silent}); err != nil {
			return err
		}

		// A new child, and then the reset line, may help a silent reader. A missing one can only be waited for.
		pause := missPause
		if silent {
			pause = reopenPause
			if failed++; failed > maxOpens {
				return err
			}
		}
		sleep(ctx, pause)
	}
	return nil
}

// unplugged reports whether the node of a reader that failed is gone.
func unplugged(device string) bool {
	c := parseConnstring(device)
	return c.IsFile() && !exists(c.Path)
}

func openAndWatch(ctx context.Context, device string, w *watch) (opened bool, err error) {
	w.ready = false // of the last opening
	dev, err := Open(device)
	if err != nil {
		return false, err
	}

	err = w.run(ctx, dev)
	_ = dev.Close() // what failed is in err, and a hung chip fails here too
	return true, err
}

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
// The daemon opens it as a GPIO line of package led. It is an interface because package reader does not import led.
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
