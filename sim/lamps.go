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

// Colour is one of a station's three lamps.
type Colour int

// The three lamps.
const (
	Green Colour = iota
	Red
	Amber
)

var colourNames = [...]string{"green", "red", "amber"}

func (c Colour) String() string { return colourNames[c] }

// A Lit says of each lamp whether it is lit.
type Lit [len(colourNames)]bool

// A LampChange is a lamp that was switched, and what is lit since then.
type LampChange struct {
	Time time.Time
	Lit  Lit
}

// LampFiles are three lamps that a station drives as "file:" lamps. Each is a FIFO, which holds every byte that was
// written: no change is missed, however short.
type LampFiles struct {
	dir   string
	fifos [len(colourNames)]*os.File
	reads sync.WaitGroup // the goroutines that read the FIFOs

	mu      sync.Mutex // guards what follows
	lit     Lit
	changes []LampChange
	news    chan struct{} // closed, and made again, at each change
}

// NewLampFiles makes the FIFOs green, red and amber in dir.
func NewLampFiles(dir string) (*LampFiles, error) {
	l := &LampFiles{dir: dir, news: make(chan struct{})}
	for i := range l.fifos {
		lamp := Colour(i)
		path := l.Path(lamp)
		if err := unix.Mkfifo(path, 0o600); err != nil {
			return nil, errors.Join(&os.PathError{Op: "mkfifo", Path: path, Err: err}, l.Close())
		}

		// Open for writing, too: without a station the FIFO then waits, where it would otherwise end.
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}

		l.fifos[i] = f
		l.reads.Go(func() { l.follow(lamp, f) }) // ends when Close closes the file
	}
	return l, nil
}

// Path returns the lamp's file; the configuration names it behind "file:".
func (l *LampFiles) Path(lamp Colour) string { return filepath.Join(l.dir, lamp.String()) }

// follow reads what a station writes into a lamp's file: a line of 1 or 0 at each change.
func (l *LampFiles) follow(lamp Colour, f *os.File) {
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

// Changes returns all changes from the nth on, and a channel that is closed at the next change.
func (l *LampFiles) Changes(n int) ([]LampChange, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]LampChange(nil), l.changes[min(n, len(l.changes)):]...), l.news
}

// Lit returns which lamps are lit now.
func (l *LampFiles) Lit() Lit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lit
}

// Close removes the files.
func (l *LampFiles) Close() error {
	var errs []error
	for _, f := range l.fifos {
		if f != nil { // nil if NewLampFiles got no further
			errs = append(errs, f.Close(), os.Remove(f.Name()))
		}
	}

	l.reads.Wait()
	return errors.Join(errs...)
}
