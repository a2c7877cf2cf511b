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
	"time"
)

const (
	// Patience is how long a scan waits for its intent to be on the disk.
	Patience = 250 * time.Millisecond

	// MaxLine is the length of the longest line, in bytes, its end included.
	MaxLine = 4096
)

// ErrStuck is what Err says when the disk has not answered for two seconds.
var ErrStuck = errors.New("the disk does not answer")

// ErrClosed is the fate of an intent that comes after Close.
var ErrClosed = errors.New("the journal is closed")

// Options are how a journal is kept. The zero value is a station's.
type Options struct {
	SegmentSize int64 // bytes, 0 is 1 MiB
	Segments    int   // the oldest makes room, 0 is 8, at least 2
	FS          FS    // nil is the real one
}

// A Past is what a journal held when it was opened.
type Past struct {
	Scans     []Scan // finished, oldest first
	Recovered int    // how many of them, the last, were in flight when their daemon died: unknown, restart
}

// Counts are since Open.
type Counts struct {
	Skipped uint64 // lines that could not be read
	Lost    uint64 // lines that found no room in memory while the disk did not take them
	Held    int    // lines in memory that wait for the disk
}

// A Journal is safe for use by several goroutines. No method but Close waits
// for the disk.
type Journal struct{}

// Open reads what the directory holds, mends it, and goes on after it. It always
// returns a journal that works, within two seconds: if there is something wrong
// with the directory or the disk, Err says what, lines are kept in memory, the
// newest 256, and the disk is tried again each minute.
func Open(dir string, o Options) (*Journal, Past) { return &Journal{}, Past{} }

// NextSeq is a new number for a scan, above all that the journal held.
func (j *Journal) NextSeq() uint64 { return 0 }

// Intend writes that a scan is about to be posted. The channel receives once:
// nil when the line is on the disk, an error when the disk does not take it for
// now. Wait for it no longer than Patience, beside other work.
func (j *Journal) Intend(i Intent) <-chan error { return make(chan error, 1) }

// Finish writes a finished scan. It is on the disk within a second or so.
func (j *Journal) Finish(s Scan) {}

// Err is what is wrong with the disk, nil when all is well.
func (j *Journal) Err() error { return nil }

// Counts says what could not be read, what was lost and what waits.
func (j *Journal) Counts() Counts { return Counts{} }

// Close writes what waits and returns nil when it is on the disk. A disk that
// hangs is given one second.
func (j *Journal) Close() error { return nil }
