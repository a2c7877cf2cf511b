// SPDX-License-Identifier: Apache-2.0

package led

import (
	"context"
	"time"
)

// turn is the longest time between two turns of play. The daemon's watchdog looks
// for a loop that has not come round for several seconds.
const turn = time.Second

// Silent returns the time since play last came round: about a second at most, unless
// play is stuck. A line that hangs does not stop play.
func (l *Lamps) Silent() time.Duration {
	if l == nil {
		return 0
	}
	return time.Since(l.started) - time.Duration(l.lastTurn.Load())
}

// play shows the pattern of the moment until Close.
func (l *Lamps) play() {
	// The last level of every lamp is dark. Closing its channel ends its goroutine.
	defer func() {
		for _, lamp := range l.lamps {
			if lamp != nil {
				lamp.set(false)
				close(lamp.levels)
			}
		}
	}()

	turns := time.NewTicker(turn)
	defer turns.Stop()

	for {
		now := time.Now()
		l.lastTurn.Store(int64(now.Sub(l.started)))

		lamp, on, lasts := l.frame(now)
		l.light(lamp, on)
		l.publish(lamp, on)

		var change <-chan time.Time // nil blocks for ever: nothing will change by itself
		if lasts > 0 {
			change = time.After(time.Until(now.Add(lasts)))
		}

		// Every case but quit only starts the next turn, which looks at everything again.
		select {
		case <-l.wake:
		case <-change:
		case <-turns.C:
		case <-l.quit:
			return
		}
	}
}

// frame returns the one lamp that the moment is about, whether it is lit, and for how
// long that lasts; 0 means until something else is shown.
func (l *Lamps) frame(now time.Time) (lamp colour, on bool, lasts time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()

	if t := l.test; t != nil {
		on, lasts = t.step.at(now.Sub(t.stepSince))
		return t.step.lamp, on, lasts
	}

	p := l.signal.pattern()
	on, lasts = p.at(now.Sub(l.signalSince))

	if lasts == 0 {
		// The signal is over. A code that waited for its end starts with its first blink.
		begin := l.signalSince.Add(p.length())
		if l.codeSince.After(begin) {
			begin = l.codeSince
		}
		p = servicePattern(l.code)
		on, lasts = p.at(now.Sub(begin))
	}

	return p.lamp, on, lasts
}

// overlap is the longest time that one verdict lamp waits for the other to go dark: a
// person does not notice 50 ms, and a line that hangs must not hide the true verdict.
const overlap = 50 * time.Millisecond

var opposite = map[colour]colour{green: red, red: green}

// light switches the other lamps off before it lights this one.
func (l *Lamps) light(lamp colour, on bool) {
	var dark [lampCount]<-chan struct{}
	for c, other := range l.lamps {
		if other != nil && !(on && colour(c) == lamp) {
			dark[c] = other.set(false)
		}
	}

	if !on || l.lamps[lamp] == nil {
		return
	}

	// Amber waits for nobody; green and red wait for each other.
	if other, ok := opposite[lamp]; ok && dark[other] != nil {
		ctx, cancel := context.WithTimeout(context.Background(), overlap)
		closedBefore(ctx, dark[other])
		cancel()

		// Another signal may have come meanwhile. Then play has been woken, and shows that one.
		if now, on, _ := l.frame(time.Now()); now != lamp || !on {
			return
		}
	}

	l.lamps[lamp].set(true)
}
