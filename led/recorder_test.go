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

// recordedLamps are three lamps whose lines record every change. It fails the test if
// green and red are lit together, or if a line is left open or used after its end.
type recordedLamps struct {
	*Lamps
	t     *testing.T
	begin time.Time
	slow  func() time.Duration // how long a line takes; nil: no time at all

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
	*recordedLamps
	colour
	closed bool
}

var lampNames = [...]string{"green", "red", "amber"}

// newRecordedLamps opens the lamps. The caller runs in a synctest bubble: time is virtual.
func newRecordedLamps(t *testing.T) *recordedLamps {
	r := &recordedLamps{t: t, begin: time.Now()}
	lamps, err := start(r.openers())
	if err != nil {
		t.Fatal(err)
	}

	r.Lamps = lamps
	return r
}

func (r *recordedLamps) openers() (open [lampCount]func() (Line, error)) {
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
			return &recordingLine{recordedLamps: r, colour: colour(c)}, nil
		}
	}

	return open
}

func (r *recordedLamps) change(c colour, on bool) {
	if r.lit[c] == on {
		return
	}

	r.lit[c] = on
	r.since[c] = time.Now()
	word := "off"
	if on {
		word = "on"
	}

	r.changes = append(r.changes, fmt.Sprintf("%v %s %s", time.Since(r.begin), lampNames[c], word))
	if r.lit[green] && r.lit[red] && !r.overlap {
		r.t.Errorf("%v: green and red are lit together", time.Since(r.begin))
	}
}

func (l *recordingLine) Set(on bool) error {
	if l.slow != nil {
		advance(l.slow())
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
		l.t.Errorf("%s: Set after Close", lampNames[l.colour])
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
		l.t.Errorf("%s: closed twice", lampNames[l.colour])
	}

	l.closed = true
	l.opened--
	return nil
}

// closeAndCheck closes the lamps and checks that all are dark and every line is closed.
func (r *recordedLamps) closeAndCheck() {
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

// litNow returns what is lit once every goroutine of the bubble waits.
func (r *recordedLamps) litNow() [lampCount]bool {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lit
}

// hang makes the lamp's line hang until the test closes release.
func (r *recordedLamps) hang(c colour) (release chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck[c] = make(chan struct{})
	return r.stuck[c]
}

// breakLine makes the lamp's line fail with err; nil mends it.
func (r *recordedLamps) breakLine(c colour, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken[c] = err
}

// advance lets virtual time pass: in a synctest bubble the clock moves on once every goroutine waits.
func advance(d time.Duration) { <-time.After(d) }

var errLine = errors.New("line is broken")
