// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A LineError is a line that cannot be read.
type LineError struct {
	Segment uint64 // the number in its name
	Offset  int64  // in bytes
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%06d%s: byte %d: damaged line", e.Segment, segmentEnd, e.Offset)
}

const (
	poll  = 200 * time.Millisecond
	chunk = 64 << 10 // bytes read at a time, many lines
)

// Read yields the finished scans that a directory holds, oldest first, beside a
// daemon that writes them. An error stands for what cannot be read, a *LineError
// for a damaged line; what comes after it follows. An intent without a scan is
// finished, unknown, once a later line shows that its daemon is gone.
func Read(dir string) iter.Seq2[scan.Record, error] {
	return func(yield func(scan.Record, error) bool) {
		t := tail{dir: dir, yield: yield}
		t.run(context.Background(), false)
	}
}

// Follow is Read, and then goes on with what is finished until ctx ends.
func Follow(ctx context.Context, dir string) iter.Seq2[scan.Record, error] {
	return func(yield func(scan.Record, error) bool) {
		t := tail{dir: dir, yield: yield}
		t.run(ctx, true)
	}
}

// A tail reads segment after segment.
type tail struct {
	dir    string
	yield  func(scan.Record, error) bool
	flight flight

	file   File   // nil if the newest segment cannot be read
	number uint64 // of it
	offset int64  // to which it has been read
	next   uint64 // the least number of a segment after it
	buf    [chunk]byte
}

func (t *tail) run(ctx context.Context, follow bool) {
	defer t.leave()
	for {
		names, err := realFS{}.Names(t.dir)
		if err != nil {
			t.yield(scan.Record{}, err)
			return
		}
		// What is read after a newer segment was seen is all that there will be.
		for _, n := range numbers(names) {
			if n >= t.next && (!t.rest(true) || !t.open(n)) {
				return
			}
		}
		if !t.rest(false) || !follow {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(poll):
		}
	}
}

func (t *tail) leave() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
}

// open turns to a segment. One that has gone, or is none, is passed over.
func (t *tail) open(number uint64) bool {
	t.leave()
	file, err := realFS{}.Open(fileName(t.dir, number), os.O_RDONLY)
	t.number, t.offset, t.next = number, 0, number+1
	switch {
	case err == nil:
		t.file = file
		if size, err := file.Size(); err == nil {
			t.offset = max(0, size-maxRead)
		}
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotRegular):
		return t.yield(scan.Record{}, err)
	}
	return true
}

// rest reads the segment to its end, which is final if nothing more is added. It
// is false when the reader has had enough.
func (t *tail) rest(final bool) bool {
	for t.file != nil {
		n, err := t.file.ReadAt(t.buf[:], t.offset)
		if err != nil && err != io.EOF {
			t.leave()
			return t.yield(scan.Record{}, err)
		}
		if n == 0 {
			return true
		}
		used, ok := t.lines(t.buf[:n], final && n < chunk)
		if !ok {
			return false
		}
		if used == 0 && n == chunk { // no line is so long
			if !t.blame([]piece{{}}) {
				return false
			}
			used = chunk - MaxLine
		}
		t.offset += int64(used)
		if n < chunk {
			return true
		}
	}
	return true
}

// lines yields what is in b and returns how much of it has been read. What is
// damaged at the end may be a line that is being written or taken back.
func (t *tail) lines(b []byte, final bool) (used int, ok bool) {
	var bad []piece
	for p := range pieces(b) {
		switch p.kind {
		case damaged, torn:
			bad = append(bad, p)
			continue
		}
		if !t.blame(bad) {
			return used, false
		}
		bad = nil
		used = p.end
		if p.kind == other {
			continue
		}
		for _, s := range t.flight.take(p) {
			if !t.yield(s, nil) {
				return used, false
			}
		}
	}
	if final {
		return len(b), t.blame(bad)
	}
	return used, true
}

func (t *tail) blame(bad []piece) bool {
	for _, p := range bad {
		if !t.yield(scan.Record{}, &LineError{t.number, t.offset + int64(p.at)}) {
			return false
		}
	}
	return true
}
