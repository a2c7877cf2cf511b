// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// rig is three lamps that write down when they change. It fails the test when green
// and red are lit together, and when a line is left open or used after its end.
type rig struct {
	*Lamps
	t     *testing.T
	begin time.Time
	slow  func() time.Duration // how long a line takes; nil is no time at all

	mu      sync.Mutex
	changes []string
	lit     [lampCount]bool
	since   [lampCount]time.Time
	opened  int // lines open now
	opens   int // ever
	sets    int
	broken  [lampCount]error
	overlap bool                     // green and red may be lit together: a line hangs
	stuck   [lampCount]chan struct{} // a Set waits until it is closed
}

type recordingLine struct {
	*rig
	colour
	closed bool
}

var short = [...]string{"green", "red", "amber"}

// newRig begins in a synctest bubble.
func newRig(t *testing.T) *rig {
	r := &rig{t: t, begin: time.Now()}
	lamps, err := start(r.openers())
	if err != nil {
		t.Fatal(err)
	}
	r.Lamps = lamps
	return r
}

func (r *rig) openers() (open [lampCount]func() (Line, error)) {
	for c := range open {
		open[c] = func() (Line, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if err := r.broken[c]; err != nil {
				return nil, err
			}
			r.opened++
			r.opens++
			r.change(colour(c), false)
			return &recordingLine{rig: r, colour: colour(c)}, nil
		}
	}
	return open
}

func (r *rig) change(c colour, on bool) {
	if r.lit[c] == on {
		return
	}
	r.lit[c] = on
	r.since[c] = time.Now()
	word := "off"
	if on {
		word = "on"
	}
	r.changes = append(r.changes, fmt.Sprintf("%v %s %s", time.Since(r.begin), short[c], word))
	if r.lit[green] && r.lit[red] && !r.overlap {
		r.t.Errorf("%v: green and red are lit together", time.Since(r.begin))
	}
}

func (l *recordingLine) Set(on bool) error {
	if l.slow != nil {
		pass(l.slow())
	}
	l.mu.Lock()
	stuck := l.stuck[l.colour]
	l.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sets++
	if l.closed {
		l.t.Errorf("%s: Set after Close", short[l.colour])
	}
	if err := l.broken[l.colour]; err != nil {
		return err
	}
	l.change(l.colour, on)
	return nil
}

func (l *recordingLine) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		l.t.Errorf("%s: closed twice", short[l.colour])
	}
	l.closed = true
	l.opened--
	return nil
}

// finish closes the lamps and holds them to their promise.
func (r *rig) finish() {
	r.t.Helper()
	if err := r.Close(); err != nil {
		r.t.Errorf("Close: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if got, want := r.lit, [lampCount]bool{}; got != want {
		r.t.Errorf("lit after Close: %v, want none", got)
	}
	if r.opened != 0 {
		r.t.Errorf("%d lines left open", r.opened)
	}
}

// now is what is lit, once all goroutines have done what there is to do.
func (r *rig) now() [lampCount]bool {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lit
}

func (r *rig) stick(c colour) (free chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck[c] = make(chan struct{})
	return r.stuck[c]
}

func (r *rig) breakLine(c colour, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken[c] = err
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d) }

var errLine = errors.New("line is broken")
