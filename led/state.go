// SPDX-License-Identifier: Apache-2.0

package led

// A LampState is one lamp as it is now.
type LampState struct {
	Wired bool
	Lit   bool  // what the station shows, even if the lamp is not wired or has failed
	Err   error // what is wrong with the lamp, or nil
}

// LampStates holds the three lamps.
type LampStates struct{ Green, Red, Amber LampState }

// State returns the lamps as they are now, and a channel that is closed at the next
// change. A caller that is late to ask again misses the changes in between.
func (l *Lamps) State() (s LampStates, change <-chan struct{}) {
	if l == nil {
		return LampStates{}, nil
	}

	// State and channel belong together: the lock keeps a change from slipping between them.
	l.mu.Lock()
	lit, change := l.lit, l.change
	l.mu.Unlock()

	for c, state := range map[colour]*LampState{green: &s.Green, red: &s.Red, amber: &s.Amber} {
		state.Lit = lit[c]
		if lamp := l.lamps[c]; lamp != nil {
			state.Wired, state.Err = true, lamp.failed()
		}
	}
	return s, change
}

// publish records which lamp is lit, and wakes those who wait for a change.
func (l *Lamps) publish(lamp colour, on bool) {
	var lit [lampCount]bool
	lit[lamp] = on

	l.mu.Lock()
	defer l.mu.Unlock()

	if lit == l.lit {
		return
	}
	l.lit = lit
	close(l.change)
	l.change = make(chan struct{})
}

// Failures returns how many writes to the lamps have failed since Open.
func (l *Lamps) Failures() (n uint64) {
	if l == nil {
		return 0
	}
	for _, lamp := range l.lamps {
		if lamp != nil {
			n += lamp.failures.Load()
		}
	}
	return n
}
