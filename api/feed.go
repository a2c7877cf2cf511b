// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"sync"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	// maxListeners bounds the memory for them: 16 open pages and scripts at one station.
	maxListeners = 16

	// backlog is how many notes a listener may be behind: eight seconds of the fastest
	// blink, which switches a lamp eight times a second.
	backlog = 64

	// lastScans is how many scans a status shows.
	lastScans = 10
)

// A Feed passes on what happens at a station, and never waits: it drops a listener that
// is too far behind. A nil *Feed does nothing. Any goroutine may use it.
type Feed struct {
	tally *tally

	mu        sync.Mutex // guards what follows, and is never held while anybody waits
	listeners map[chan note]struct{}
	scans     []scan.Record // the last ones, oldest first
}

// A note is one event on its way to the listeners.
type note struct {
	event string
	data  any
}

// NewFeed returns a feed without listeners.
func NewFeed() *Feed {
	return &Feed{tally: newTally(), listeners: make(map[chan note]struct{})}
}

// Past takes a scan from before the daemon's start. It is among the last scans, but
// nobody is notified and it is not counted.
func (f *Feed) Past(s scan.Record) {
	if f == nil {
		return
	}

	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(s)
}

// Scan takes a finished scan.
func (f *Feed) Scan(s scan.Record) {
	if f == nil {
		return
	}
	f.tally.count(s)

	// Kept before it is sent: a client that gets the event finds the scan in every status
	// after it.
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keep(s)
	f.notify(note{"scan", s})
}

// Lamps takes which lamps are lit now.
func (f *Feed) Lamps(l LampsLit) { f.pass(note{"lamps", l}) }

// Service takes the service code that the lamps show now.
func (f *Feed) Service(s ServiceStatus) { f.pass(note{"service", s}) }

func (f *Feed) pass(n note) {
	if f == nil {
		return
	}

	f.mu.Lock()
	defer f.mu.Unlock()
	f.notify(n)
}

// notify hands the note to every listener. A listener without room has been too slow
// for seconds: it is dropped, so that it sees the end of its stream and not a gap. The
// caller holds f.mu.
func (f *Feed) notify(n note) {
	for l := range f.listeners {
		select {
		case l <- n:
		default:
			f.drop(l)
		}
	}
}

// keep adds a scan to the last ones. The caller holds f.mu.
func (f *Feed) keep(s scan.Record) {
	f.scans = append(f.scans, s)
	if len(f.scans) > lastScans {
		// A copy frees the scans before it; a slice would keep their array alive.
		f.scans = slices.Clone(f.scans[len(f.scans)-lastScans:])
	}
}

// Scans returns the last ten scans, oldest first.
func (f *Feed) Scans() []scan.Record {
	if f == nil {
		return nil
	}

	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.scans)
}

// listen returns a channel of notes, or nil if there are too many listeners. The feed
// closes the channel when it drops the listener.
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

// drop closes the channel of a listener once. The caller holds f.mu.
func (f *Feed) drop(l chan note) {
	if _, ok := f.listeners[l]; ok {
		delete(f.listeners, l)
		close(l)
	}
}
