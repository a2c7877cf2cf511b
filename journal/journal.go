// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	// Patience is how long a scan waits for its intent to be on the disk: a bad disk
	// delays no verdict by more (docs/journal.md).
	Patience = 250 * time.Millisecond

	// MaxLine is the length of the longest line in bytes, including its newline: one page,
	// several times the 300 to 600 bytes of a usual line.
	MaxLine = 4096
)

// Options are how a journal is kept. The zero value is what a station uses.
type Options struct {
	SegmentSize int64 // in bytes; 0: 1 MiB; at most 8 MiB
	Segments    int   // in the ring; 0: 8; at least 2
	FS          FS    // nil: the board's file system
}

// A Past is what a journal held when it was opened.
type Past struct {
	Scans     []scan.Record // finished, oldest first
	Recovered int           // how many of them, at the end, were in flight when their daemon died: unknown, restart
}

// Counts are counts since Open.
type Counts struct {
	Skipped uint64 // lines that could not be read
	Lost    uint64 // lines dropped because the disk accepted none and memory for them was full
	Held    int    // lines in memory that wait for the disk
}

// A Journal may be used by several goroutines. No method but Close waits for the disk.
type Journal struct {
	queue   chan pendingLine
	closing chan struct{} // closed by Close
	ended   chan struct{} // closed when run has ended

	mu        sync.Mutex // guards what follows
	closed    bool
	seq       uint64    // the highest number of a scan
	err       error     // what is wrong with the disk
	busySince time.Time // when the current call to the disk began; zero between calls
	stuckAt   time.Time // when the disk last took so long that it counted as stuck
	counts    Counts
	failures  map[string]uint64 // by operation
}

const (
	// openTimeout is how long Open waits for a disk that hangs. Reading what segments hold
	// has a shorter bound of its own, recoverTimeout.
	openTimeout = 5 * time.Second

	// closeTimeout is how long Close waits for a disk that hangs, while systemd waits for us.
	closeTimeout = time.Second

	// stuckAfter is how long a call may take before the disk counts as stuck. It is well
	// above Patience: a slow disk is not yet a broken one.
	stuckAfter = 2 * time.Second

	// syncAfter is how long a line that nobody waits for may stay unsynced.
	syncAfter = time.Second

	// retryAfter is the pause between two attempts at a bad disk.
	retryAfter = time.Minute
)

// Open reads the journal in a directory, repairs its end, and continues after it. With a
// disk that answers it takes less than two seconds.
//
// Open always returns a journal that works. If something is wrong with the directory or
// the disk, Err returns it, the newest 256 lines are kept in memory, and the journal
// tries again every minute. A journal that could not be read counts scans from 1.
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
		queue:    make(chan pendingLine, maxHeld),
		closing:  make(chan struct{}),
		ended:    make(chan struct{}),
		failures: map[string]uint64{"open": 0, "write": 0, "sync": 0, "other": 0},
	}

	// Close ends it. Its first steps are to read the journal and to take it over.
	recovered, ready := make(chan Past, 1), make(chan struct{})
	go j.run(&writer{dir: dir, o: o}, recovered, ready)

	late := time.NewTimer(openTimeout)
	defer late.Stop()

	// The past is worth waiting for; that the disk accepts new lines, too, as far as the
	// same timeout allows.
	select {
	case past := <-recovered:
		select {
		case <-ready:
		case <-late.C:
		}
		return j, past
	case <-late.C:
		return j, Past{}
	}
}

// NextSeq returns a new number for a scan, higher than all that the journal held.
func (j *Journal) NextSeq() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	return j.seq
}

// Intend writes an intent and syncs it at once. A later intent with the same number
// replaces the first. The channel receives once: nil when the line is on the disk, or an
// error when the disk does not accept it for now. Wait for it no longer than Patience,
// and do other work meanwhile.
func (j *Journal) Intend(i Intent) <-chan error {
	written := make(chan error, 1)
	j.add(pendingLine{i.line(), written})
	return written
}

// Finish writes a finished scan. It is on the disk within about a second.
func (j *Journal) Finish(s scan.Record) { j.add(pendingLine{recordLine(s), nil}) }

// add queues a line. If the queue is full, run has been stuck at the disk for 256 lines,
// and the line is lost.
func (j *Journal) add(p pendingLine) {
	j.mu.Lock()
	defer j.mu.Unlock()

	if j.closed {
		j.counts.Lost++
		p.answer(ErrClosed)
		return
	}

	select {
	case j.queue <- p:
	default:
		j.counts.Lost++
		p.answer(ErrStuck)
	}
}

// Err returns what is wrong with the disk, or nil.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()

	stuck := !j.busySince.IsZero() && time.Since(j.busySince) >= stuckAfter
	if j.err == nil && (stuck || time.Since(j.stuckAt) < retryAfter) {
		return ErrStuck
	}
	return j.err
}

// Counts returns how many lines could not be read, were lost, or wait for the disk.
func (j *Journal) Counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()

	c := j.counts
	c.Held += len(j.queue)
	return c
}

// Close writes the lines that wait, and returns nil when they are on the disk. It gives
// a disk that hangs one second.
func (j *Journal) Close() error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.closing)
	}
	j.mu.Unlock()

	late := time.NewTimer(closeTimeout)
	defer late.Stop()

	// The writer ends by itself once its queue is empty. A disk that hangs must not keep the daemon from ending.
	select {
	case <-j.ended:
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.err
	case <-late.C:
		return ErrStuck
	}
}
