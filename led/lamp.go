// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// patience is how long a line may take before it counts as hanging. A healthy
	// line takes less than a millisecond.
	patience = time.Second

	// retryAfter is the pause between two tries of a lamp that failed. It also bounds
	// how long a lamp stays lit after it failed to go off.
	retryAfter = time.Second
)

// lamp is one line, and the goroutine run, which is the only one that touches it.
type lamp struct {
	colour colour
	open   func() (Line, error) // leaves the lamp dark
	levels chan level           // holds the newest level only; closed to end run
	ended  chan struct{}        // closed when run has released the line

	// run alone uses these:
	line Line // nil while it is not open
	lit  bool

	failures atomic.Uint64 // writes that failed

	mu        sync.Mutex // guards what follows
	err       error      // of the last write
	busySince time.Time  // when the current write began; zero between writes
}

// A level is what the lamp is to be from now on.
type level struct {
	on   bool
	done chan struct{} // closed when the line was tried, successfully or not
}

func newLamp(c colour, open func() (Line, error)) *lamp {
	l := &lamp{colour: c, open: open, levels: make(chan level, 1), ended: make(chan struct{})}

	// play ends it by closing levels.
	go l.run()
	return l
}

// set asks for a level and never blocks: it replaces a level that the line was too
// slow to take. The channel is closed when the line was tried. Only one goroutine may
// call set: first start, then play.
func (l *lamp) set(on bool) (done <-chan struct{}) {
	// Make room in the buffer of one. With a single caller it stays free until we fill it.
	select {
	case <-l.levels:
	default:
	}

	tried := make(chan struct{})
	l.levels <- level{on, tried}
	return tried
}

// run writes each level to the line, and a failed one again until it succeeds.
func (l *lamp) run() {
	defer close(l.ended)

	var want level
	for {
		var retry <-chan time.Time // nil blocks for ever: a healthy lamp is written only when it changes
		if l.failed() != nil {
			retry = time.After(retryAfter)
		}

		// A new level replaces the one that failed, so it does not matter which case wins.
		select {
		case next, ok := <-l.levels:
			if !ok {
				l.try(func() error { return errors.Join(l.write(false), l.release()) })
				return
			}
			want = next
			l.try(func() error { return l.write(want.on) })
			close(want.done)

		case <-retry:
			l.try(func() error { return l.write(want.on) })
		}
	}
}

// write sets the line, and opens it first if need be. It releases a line that failed,
// so that the next try opens it again: its driver may have been reloaded meanwhile.
func (l *lamp) write(on bool) error {
	if l.line == nil {
		line, err := l.open()
		if err != nil {
			return err
		}
		l.line, l.lit = line, false
	}

	if l.lit == on {
		return nil
	}
	if err := l.line.Set(on); err != nil {
		_ = l.release() // the caller gets the error of Set, which came first
		return err
	}
	l.lit = on
	return nil
}

func (l *lamp) release() error {
	if l.line == nil {
		return nil
	}
	line := l.line
	l.line = nil
	return line.Close()
}

// try calls the line and records the result. The lock is not held during the call,
// so that failed can report a call that hangs.
func (l *lamp) try(call func() error) {
	l.mu.Lock()
	l.busySince = time.Now()
	l.mu.Unlock()

	err := call()
	if err != nil {
		l.failures.Add(1)
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	l.busySince = time.Time{}
	l.err = err
}

// failed returns what is wrong with the lamp now, or nil.
func (l *lamp) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()

	if !l.busySince.IsZero() && time.Since(l.busySince) >= patience {
		return l.hangs()
	}
	if l.err != nil {
		return fmt.Errorf("%s: %w", l.colour, l.err)
	}
	return nil
}

func (l *lamp) hangs() error {
	return fmt.Errorf("%s: the line does not answer within %v; the lamp may be lit, check its driver",
		l.colour, patience)
}
