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
	// patience is how long a line may take before it counts as hanging.
	patience = time.Second
	// retryAfter also bounds how long a lamp stays lit after an off that failed.
	retryAfter = time.Second
)

// lamp is one line and the only goroutine that touches it.
type lamp struct {
	colour colour
	open   func() (Line, error) // leaves the lamp dark
	mail   chan level           // holds the newest level only
	gone   chan struct{}        // closed when the line is

	// Of run alone:
	line Line
	lit  bool

	failures atomic.Uint64 // of tries

	mu   sync.Mutex
	err  error
	busy time.Time // when the call that is under way began
}

type level struct {
	on   bool
	done chan struct{} // closed when the line was tried, well or not
}

func newLamp(c colour, open func() (Line, error)) *lamp {
	l := &lamp{colour: c, open: open, mail: make(chan level, 1), gone: make(chan struct{})}
	go l.run()
	return l
}

// post never blocks: a level that the line was too slow for is replaced. One
// goroutine posts.
func (l *lamp) post(on bool) <-chan struct{} {
	select {
	case <-l.mail:
	default:
	}
	done := make(chan struct{})
	l.mail <- level{on, done}
	return done
}

func (l *lamp) run() {
	defer close(l.gone)
	var want level
	for {
		var retry <-chan time.Time
		if l.failed() != nil {
			retry = time.After(retryAfter)
		}
		select {
		case next, ok := <-l.mail:
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

// write opens the line if need be. A line that failed is let go, so that the next
// attempt finds it anew.
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
		_ = l.release() // the failed Set is what the caller hears of
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

// try keeps what became of the call, and while it runs the time that it began.
func (l *lamp) try(call func() error) {
	l.mu.Lock()
	l.busy = time.Now()
	l.mu.Unlock()
	err := call()
	if err != nil {
		l.failures.Add(1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = time.Time{}
	l.err = err
}

func (l *lamp) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.busy.IsZero() && time.Since(l.busy) >= patience {
		return l.hangs()
	}
	if l.err != nil {
		return fmt.Errorf("%s: %w", l.colour, l.err)
	}
	return nil
}

func (l *lamp) hangs() error {
	return fmt.Errorf("%s: the line does not answer within %v; the lamp may be lit, check its driver", l.colour, patience)
}
