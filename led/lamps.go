// SPDX-License-Identifier: Apache-2.0

package led

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Lamps shows one Signal at a time. Any goroutine may call its methods. Only Close
// and Test wait. A nil *Lamps shows nothing.
type Lamps struct {
	lamps [lampCount]*lamp // nil for a lamp that is not wired
	wake  chan struct{}    // holds one wake-up of play
	quit  chan struct{}    // closed by Close

	closing  sync.Once
	closeErr error // what every Close returns

	started  time.Time
	lastTurn atomic.Int64 // when play last came round, in nanoseconds since started

	mu          sync.Mutex // guards what follows
	signal      Signal
	signalSince time.Time
	code        int // service code
	codeSince   time.Time
	test        *lampTest // nil while no test runs
	lit         [lampCount]bool
	change      chan struct{} // closed when lit changes
}

func start(open [lampCount]func() (Line, error)) (*Lamps, error) {
	l := &Lamps{
		wake:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		started: time.Now(),
		change:  make(chan struct{}),
	}

	var dark [lampCount]<-chan struct{}
	for c, open := range open {
		if open != nil {
			l.lamps[c] = newLamp(colour(c), open)
			dark[c] = l.lamps[c].set(false)
		}
	}
	err := l.waitForEach(dark)

	// Close ends it. Until here we alone call lamp.set; from here on play alone does.
	go l.play()
	return l, err
}

// Show replaces the signal at once, whatever is being shown.
func (l *Lamps) Show(s Signal) {
	if l == nil {
		return
	}

	l.mu.Lock()
	l.signal, l.signalSince = s, time.Now()
	l.interruptTest()
	l.mu.Unlock()

	l.wakePlay()
}

// Service blinks the service code on amber, over and over, whenever no signal is
// being shown. Code 0 ends it.
func (l *Lamps) Service(code int) {
	if l == nil {
		return
	}

	l.mu.Lock()
	if code != l.code { // the same code goes on blinking where it is
		l.code, l.codeSince = code, time.Now()
	}
	l.mu.Unlock()

	l.wakePlay()
}

// wakePlay never blocks. A wake-up that still waits in the channel serves both callers.
func (l *Lamps) wakePlay() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Err returns an error that names each lamp whose last write failed, or is hanging.
func (l *Lamps) Err() error {
	if l == nil {
		return nil
	}

	var errs []error
	for _, lamp := range l.lamps {
		if lamp != nil {
			errs = append(errs, lamp.failed())
		}
	}
	return errors.Join(errs...)
}

// Close switches all lamps off and releases the lines. It waits up to a second for
// a line that hangs. If such a line comes back later, its lamp goes dark then.
func (l *Lamps) Close() error {
	if l == nil {
		return nil
	}

	l.closing.Do(func() {
		close(l.quit)

		var ended [lampCount]<-chan struct{}
		for c, lamp := range l.lamps {
			if lamp != nil {
				ended[c] = lamp.ended
			}
		}
		l.closeErr = l.waitForEach(ended)
	})
	return l.closeErr
}

// waitForEach waits until the channel of each wired lamp is closed, for a second in
// all, and returns what is wrong with the lamps.
func (l *Lamps) waitForEach(done [lampCount]<-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	var errs []error
	for c, lamp := range l.lamps {
		switch {
		case lamp == nil:
		case closedBefore(ctx, done[c]):
			errs = append(errs, lamp.failed())
		default:
			errs = append(errs, lamp.hangs())
		}
	}
	return errors.Join(errs...)
}

// closedBefore waits until done is closed or ctx ends. If both are true, done wins.
func closedBefore(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}

	// select picks at random among ready cases, so look at done once more.
	select {
	case <-done:
		return true
	default:
		return false
	}
}
