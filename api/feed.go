// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"sync"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	maxListeners = 16
	backlog      = 64 // notes that a listener may be behind: eight seconds of the fastest blink
	lastScans    = 10
)

// A Feed hands on what happens at a station, and waits for nobody: a listener that
// is too far behind is dropped. A nil *Feed hands on nothing. It may be used from any
// goroutine.
type Feed struct {
	tally *tally

	mu        sync.Mutex
	listeners map[chan note]struct{}
	scans     []scan.Record
}

// A note is one event on its way to listeners.
type note struct {
	event string
	data  any
}

// NewFeed returns a feed that nobody listens to.
func NewFeed() *Feed {
	return &Feed{tally: newTally(), listeners: make(map[chan note]struct{})}
}

// Past takes a scan from before the daemon's start.
func (f *Feed) Past(s scan.Record) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(s)
}

// Scan takes a scan that is finished.
func (f *Feed) Scan(s scan.Record) {
	if f == nil {
		return
	}
	f.tally.count(s)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(s)
	f.tell(note{"scan", s})
}

// Lamps takes what is lit now.
func (f *Feed) Lamps(l Lit) { f.hand(note{"lamps", l}) }

// Service takes the service code that is shown now.
func (f *Feed) Service(s Service) { f.hand(note{"service", s}) }

func (f *Feed) hand(n note) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell(n)
}

func (f *Feed) tell(n note) {
	for l := range f.listeners {
		select {
		case l <- n:
		default:
			f.drop(l)
		}
	}
}

func (f *Feed) keep(s scan.Record) {
	f.scans = append(f.scans, s)
	if len(f.scans) > lastScans {
		f.scans = slices.Clone(f.scans[len(f.scans)-lastScans:])
	}
}

// Scans are the last ones, oldest first.
func (f *Feed) Scans() []scan.Record {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.scans)
}

// listen gives a channel of notes, which is closed when its reader is dropped, or
// nil if too many listen.
func (f *Feed) listen() chan note {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.listeners) >= maxListeners {
		return nil
	}
	l := make(chan note, backlog)
	f.listeners[l] = struct{}{}
	return l
}

func (f *Feed) leave(l chan note) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(l)
}

func (f *Feed) drop(l chan note) {
	if _, ok := f.listeners[l]; ok {
		delete(f.listeners, l)
		close(l)
	}
}
