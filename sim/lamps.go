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

// Colour is one of the three lamps of a station.
type Colour int

const (
	Green Colour = iota
	Red
	Amber
)

var lampNames = [...]string{"green", "red", "amber"}

func (l Colour) String() string { return lampNames[l] }

// A Lit is which lamps are lit.
type Lit [len(lampNames)]bool

// A LampChange is a lamp that was switched, and what is lit since then.
type LampChange struct {
	Time time.Time
	Lit  Lit
}

// LampFiles are three lamps that a station drives as "file:" lamps. Each is a FIFO,
// so that no change is missed, however short.
type LampFiles struct {
	dir   string
	fifos [len(lampNames)]*os.File
	reads sync.WaitGroup

	mu      sync.Mutex
	lit     Lit
	changes []LampChange
	news    chan struct{} // closed at the next change
}

// NewLampFiles makes the FIFOs green, red and amber in dir.
func NewLampFiles(dir string) (*LampFiles, error) {
	l := &LampFiles{dir: dir, news: make(chan struct{})}
	for lamp := range l.fifos {
		path := l.Path(Colour(lamp))
		if err := unix.Mkfifo(path, 0o600); err != nil {
			return nil, errors.Join(&os.PathError{Op: "mkfifo", Path: path, Err: err}, l.Close())
		}
		// Open for writing too: with no station the FIFO then waits instead of ending.
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.fifos[lamp] = f
		l.reads.Go(func() { l.watch(Colour(lamp), f) })
	}
	return l, nil
}

// Path is the lamp's file; behind "file:" it is what the configuration names.
func (l *LampFiles) Path(lamp Colour) string { return filepath.Join(l.dir, lamp.String()) }

func (l *LampFiles) watch(lamp Colour, f *os.File) {
	for s := bufio.NewScanner(f); s.Scan(); {
		l.set(lamp, s.Text() == "1")
	}
}

func (l *LampFiles) set(lamp Colour, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lit[lamp] == on {
		return
	}
	l.lit[lamp] = on
	l.changes = append(l.changes, LampChange{time.Now(), l.lit})
	close(l.news)
	l.news = make(chan struct{})
}

// Changes returns all changes from the nth on, and a channel that is closed at the next.
func (l *LampFiles) Changes(n int) ([]LampChange, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]LampChange(nil), l.changes[min(n, len(l.changes)):]...), l.news
}

// Lit is what is lit now.
func (l *LampFiles) Lit() Lit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lit
}

func (l *LampFiles) Close() error {
	var errs []error
	for _, f := range l.fifos {
		if f != nil {
			errs = append(errs, f.Close(), os.Remove(f.Name()))
		}
	}
	l.reads.Wait()
	return errors.Join(errs...)
}
