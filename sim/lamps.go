// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Lamp is one of the three lamps of a station.
type Lamp int

const (
	Green Lamp = iota
	Red
	Amber
)

var lampNames = [...]string{"green", "red", "amber"}

func (l Lamp) String() string { return lampNames[l] }

// A Lit is which lamps are lit.
type Lit [len(lampNames)]bool

// A Change is a lamp that was switched, and what is lit since then.
type Change struct {
	Time time.Time
	Lit  Lit
}

// Lamps are three lamps that a station drives as "file:" lamps. Each is a FIFO,
// so that no change is missed, however short.
type Lamps struct {
	dir   string
	fifos [len(lampNames)]*os.File
	reads sync.WaitGroup

	mu      sync.Mutex
	lit     Lit
	changes []Change
	news    chan struct{} // closed at the next change
}

// NewLamps makes the FIFOs green, red and amber in dir.
func NewLamps(dir string) (*Lamps, error) {
	l := &Lamps{dir: dir, news: make(chan struct{})}
	for lamp := range l.fifos {
		path := l.Path(Lamp(lamp))
		if err := unix.Mkfifo(path, 0o600); err != nil {
			return nil, errors.Join(&os.PathError{Op: "mkfifo", Path: path, Err: err}, l.Close())
		}
		// Open for writing too: with no station the FIFO then waits instead of ending.
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.fifos[lamp] = f
		l.reads.Go(func() { l.watch(Lamp(lamp), f) })
	}
	return l, nil
}

// Path is the lamp's file; behind "file:" it is what the configuration names.
func (l *Lamps) Path(lamp Lamp) string { return filepath.Join(l.dir, lamp.String()) }

func (l *Lamps) watch(lamp Lamp, f *os.File) {
	for s := bufio.NewScanner(f); s.Scan(); {
		l.set(lamp, s.Text() == "1")
	}
}

func (l *Lamps) set(lamp Lamp, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lit[lamp] == on {
		return
	}
	l.lit[lamp] = on
	l.changes = append(l.changes, Change{time.Now(), l.lit})
	close(l.news)
	l.news = make(chan struct{})
}

// Changes returns all changes from the nth on, and a channel that is closed at the next.
func (l *Lamps) Changes(n int) ([]Change, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Change(nil), l.changes[min(n, len(l.changes)):]...), l.news
}

// Lit is what is lit now.
func (l *Lamps) Lit() Lit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lit
}

func (l *Lamps) Close() error {
	var errs []error
	for _, f := range l.fifos {
		if f != nil {
			errs = append(errs, f.Close(), os.Remove(f.Name()))
		}
	}
	l.reads.Wait()
	return errors.Join(errs...)
}
