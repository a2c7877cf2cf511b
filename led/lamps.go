// SPDX-License-Identifier: Apache-2.0

package led

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Lamps shows one Signal at a time. Its methods may be called from any goroutine,
// and none waits for a line but Close. A nil *Lamps shows nothing.
type Lamps struct {
	lamps [lampCount]*lamp // nil for a lamp that is not there
	wake  chan struct{}
	quit  chan struct{}
	once  sync.Once
	left  error // by Close

	born   time.Time
	turned atomic.Int64 // when play last came round, since born

	mu     sync.Mutex
	signal Signal
	shown  time.Time
	code   int
	coded  time.Time
	walk   *walk // nil while the lamps are not tested
	lit    [lampCount]bool
	change chan struct{} // closed when lit changes
}

func start(open [lampCount]func() (Line, error)) (*Lamps, error) {
	l := &Lamps{wake: make(chan struct{}, 1), quit: make(chan struct{}), born: time.Now(), change: make(chan struct{})}
	var dark [lampCount]<-chan struct{}
	for c, open := range open {
		if open != nil {
			l.lamps[c] = newLamp(colour(c), open)
			dark[c] = l.lamps[c].post(false)
		}
	}
	err := l.await(dark)
	go l.play()
	return l, err
}

// Show replaces at once what is being shown.
func (l *Lamps) Show(s Signal) {
	if l == nil {
		return
	}
	l.mu.Lock()
	l.signal, l.shown = s, time.Now()
	l.take()
	l.mu.Unlock()
	l.stir()
}

// Service has amber blink the code over and over while no signal is being shown.
// 0 ends that.
func (l *Lamps) Service(code int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	if code != l.code {
		l.code, l.coded = code, time.Now()
	}
	l.mu.Unlock()
	l.stir()
}

func (l *Lamps) stir() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Err tells of the lamps whose last write failed or does not end.
func (l *Lamps) Err() error {
	if l == nil {
		return nil
	}
	var errs []error
	for _, p := range l.lamps {
		if p != nil {
			errs = append(errs, p.failed())
		}
	}
	return errors.Join(errs...)
}

// turn is the longest time between turns of the loop that plays the signals.
const turn = time.Second

// Silent is how long ago the loop that plays the signals last came round: about a
// second at most unless it is stuck. A line that hangs does not stop it.
func (l *Lamps) Silent() time.Duration {
	if l == nil {
		return 0
	}
	return time.Since(l.born) - time.Duration(l.turned.Load())
}

// Close puts all lamps out and lets go of the lines. It gives up on a line that
// hangs after a second; should that line come back, its lamp goes dark then.
func (l *Lamps) Close() error {
	if l == nil {
		return nil
	}
	l.once.Do(func() {
		close(l.quit)
		var gone [lampCount]<-chan struct{}
		for c, p := range l.lamps {
			if p != nil {
				gone[c] = p.gone
			}
		}
		l.left = l.await(gone)
	})
	return l.left
}

// await waits for a word of each lamp, and tells what is wrong with it.
func (l *Lamps) await(word [lampCount]<-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var errs []error
	for c, p := range l.lamps {
		switch {
		case p == nil:
		case heard(ctx, word[c]):
			errs = append(errs, p.failed())
		default:
			errs = append(errs, p.hangs())
		}
	}
	return errors.Join(errs...)
}

func heard(ctx context.Context, word <-chan struct{}) bool {
	select {
	case <-word:
		return true
	case <-ctx.Done():
	}
	select {
	case <-word:
		return true
	default:
		return false
	}
}

func (l *Lamps) play() {
	defer func() {
		for _, p := range l.lamps {
			if p != nil {
				p.post(false)
				close(p.mail)
			}
		}
	}()
	turns := time.NewTicker(turn)
	defer turns.Stop()
	for {
		now := time.Now()
		l.turned.Store(int64(now.Sub(l.born)))
		lamp, on, next := l.frame(now)
		l.light(lamp, on)
		l.note(lamp, on)
		var change <-chan time.Time
		if next > 0 {
			change = time.After(time.Until(now.Add(next)))
		}
		select {
		case <-l.wake:
		case <-change:
		case <-turns.C:
		case <-l.quit:
			return
		}
	}
}

// frame is the one lamp that the moment is about, whether it is lit, and for how
// long; 0 is until something else is shown.
func (l *Lamps) frame(now time.Time) (lamp colour, on bool, next time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.walk; w != nil {
		on, next = w.step.at(now.Sub(w.begun))
		return w.step.lamp, on, next
	}
	p := l.signal.pattern()
	on, next = p.at(now.Sub(l.shown))
	if next == 0 {
		begin := l.shown.Add(p.length())
		if l.coded.After(begin) {
			begin = l.coded
		}
		p = servicePattern(l.code)
		on, next = p.at(now.Sub(begin))
	}
	return p.lamp, on, next
}

// overlap bounds how long one verdict lamp waits for the other to go dark. A line
// that hangs must not keep the true verdict from the person.
const overlap = 50 * time.Millisecond

var opposite = map[colour]colour{green: red, red: green}

// light puts the other lamps out before it lights this one.
func (l *Lamps) light(lamp colour, on bool) {
	var dark [lampCount]<-chan struct{}
	for c, p := range l.lamps {
		if p != nil && !(on && colour(c) == lamp) {
			dark[c] = p.post(false)
		}
	}
	if !on || l.lamps[lamp] == nil {
		return
	}
	if other, ok := opposite[lamp]; ok && dark[other] != nil {
		ctx, cancel := context.WithTimeout(context.Background(), overlap)
		heard(ctx, dark[other])
		cancel()
		if now, on, _ := l.frame(time.Now()); now != lamp || !on {
			return // another signal came meanwhile, and play is woken for it
		}
	}
	l.lamps[lamp].post(true)
}
