// SPDX-License-Identifier: Apache-2.0

// Package journal is what happened at a station, line by line, on a card that
// may lose power.
//
// It is a directory of segments, 000042.jsonl, that form a ring. A line is
//
//	<CRC-32C of the JSON, 8 hex digits> <JSON>\n
//
// of at most 4 KiB, written by one write(2), so that tail and jq read it while
// the daemon runs: tail -f 000042.jsonl | cut -c10- | jq. There are two kinds.
// An intent is written and synced before a scan is posted; a scan when it is
// finished. An intent whose scan never came is one whose daemon died, and what
// became of it is unknown.
//
// The power may go at any moment. What a caller has waited for is then on the
// disk; of the rest every line is there whole or counts as never written. A disk
// that is full, failing, read-only or stuck costs no caller any time: the
// journal goes on in memory, says so by Err, and tries again.
package journal

import (
	"errors"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	// Patience is how long a scan waits for its intent to be on the disk.
	Patience = 250 * time.Millisecond

	// MaxLine is the length of the longest line, in bytes, its end included.
	MaxLine = 4096
)

// ErrStuck is what Err says when the disk has not answered for two seconds, and
// for a minute after.
var ErrStuck = errors.New("the disk does not answer")

// ErrClosed is the fate of an intent that comes after Close.
var ErrClosed = errors.New("the journal is closed")

// Options are how a journal is kept. The zero value is a station's.
type Options struct {
	SegmentSize int64 // bytes, 0 is 1 MiB, at most 8 MiB
	Segments    int   // the oldest makes room, 0 is 8, at least 2
	FS          FS    // nil is the real one
}

// A Past is what a journal held when it was opened.
type Past struct {
	Scans     []scan.Record // finished, oldest first
	Recovered int           // how many of them, the last, were in flight when their daemon died: unknown, restart
}

// Counts are since Open.
type Counts struct {
	Skipped uint64 // lines that could not be read
	Lost    uint64 // lines that found no room in memory while the disk did not take them
	Held    int    // lines in memory that wait for the disk
}

// A Journal is safe for use by several goroutines. No method but Close waits
// for the disk.
type Journal struct {
	queue   chan note
	closing chan struct{}
	ended   chan struct{}

	mu     sync.Mutex
	closed bool
	seq    uint64 // the highest
	err    error
	busy   time.Time // since when the disk has been at work, zero if it is not
	slow   time.Time // when it last took so long that it counted as stuck
	counts Counts

	failures map[string]uint64
}

const (
	openTime  = 5 * time.Second // that Open waits for a disk that hangs; content has readingTime
	closeTime = time.Second     // that Close does
	stuckTime = 2 * time.Second // after which the disk counts as stuck
	soon      = time.Second     // after which a line that nobody waits for is synced
	again     = time.Minute     // after which a bad disk is tried again
)

// Open reads what the directory holds, mends it, and goes on after it. It always
// returns a journal that works, within two seconds where the disk answers: if there
// is something wrong with the directory or the disk, Err says what, lines are kept
// in memory, the newest 256, and the disk is tried again each minute. A journal that could not
// be read counts scans from 1.
func Open(dir string, o Options) (*Journal, Past) {
	if o.FS == nil {
		o.FS = realFS{}
	}
	if o.SegmentSize <= 0 {
		o.SegmentSize = 1 << 20
	}
	if o.Segments <= 0 {
		o.Segments = 8
	}
	o.SegmentSize, o.Segments = min(o.SegmentSize, maxRead), max(o.Segments, 2)
	j := &Journal{
		queue:    make(chan note, maxHeld),
		closing:  make(chan struct{}),
		ended:    make(chan struct{}),
		failures: map[string]uint64{"open": 0, "write": 0, "sync": 0, "other": 0},
	}
	read, begun := make(chan Past, 1), make(chan struct{})
	go j.run(&writer{dir: dir, o: o}, read, begun)
	late := time.NewTimer(openTime)
	defer late.Stop()
	select {
	case past := <-read:
		select {
		case <-begun:
		case <-late.C:
		}
		return j, past
	case <-late.C:
		return j, Past{}
	}
}

// NextSeq is a new number for a scan, above all that the journal held.
func (j *Journal) NextSeq() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	return j.seq
}

// Intend writes that a scan may be about to be posted; a later intent of the same number
// takes the place of the first. The channel receives once:
// nil when the line is on the disk, an error when the disk does not take it for
// now. Wait for it no longer than Patience, beside other work.
func (j *Journal) Intend(i Intent) <-chan error {
	written := make(chan error, 1)
	j.add(note{i.line(), written})
	return written
}

// Finish writes a finished scan. It is on the disk within a second or so.
func (j *Journal) Finish(s scan.Record) { j.add(note{recordLine(s), nil}) }

func (j *Journal) add(n note) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		j.counts.Lost++
		n.answer(ErrClosed)
		return
	}
	select {
	case j.queue <- n:
	default:
		j.counts.Lost++
		n.answer(ErrStuck)
	}
}

// Err is what is wrong with the disk, nil when all is well.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	stuck := !j.busy.IsZero() && time.Since(j.busy) >= stuckTime
	if j.err == nil && (stuck || time.Since(j.slow) < again) {
		return ErrStuck
	}
	return j.err
}

// Counts says what could not be read, what was lost and what waits.
func (j *Journal) Counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.counts
	c.Held += len(j.queue)
	return c
}

// Close writes what waits and returns nil when it is on the disk. A disk that
// hangs is given one second.
func (j *Journal) Close() error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.closing)
	}
	j.mu.Unlock()
	late := time.NewTimer(closeTime)
	defer late.Stop()
	select {
	case <-j.ended:
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.err
	case <-late.C:
		return ErrStuck
	}
}
