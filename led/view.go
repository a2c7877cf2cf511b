// SPDX-License-Identifier: Apache-2.0

package led

// A View is one lamp as it is now.
type View struct {
	Wired bool
	Lit   bool // or would be, if it were wired and well
	Err   error
}

// Views are the three lamps.
type Views struct{ Green, Red, Amber View }

// View is the lamps as they are now, and a channel that is closed when one of them
// is switched. Who looks late misses what was in between.
func (l *Lamps) View() (v Views, change <-chan struct{}) {
	if l == nil {
		return Views{}, nil
	}
	l.mu.Lock()
	lit, change := l.lit, l.change
	l.mu.Unlock()
	for c, to := range map[colour]*View{green: &v.Green, red: &v.Red, amber: &v.Amber} {
		to.Lit = lit[c]
		if p := l.lamps[c]; p != nil {
			to.Wired, to.Err = true, p.failed()
		}
	}
	return v, change
}

// note keeps which lamp is lit, and tells who looks.
func (l *Lamps) note(lamp colour, on bool) {
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

// Failures is how many writes to a lamp have failed.
func (l *Lamps) Failures() (n uint64) {
	if l == nil {
		return 0
	}
	for _, p := range l.lamps {
		if p != nil {
			n += p.failures.Load()
		}
	}
	return n
}
