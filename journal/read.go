// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	// poll is how often Follow looks for new lines: a person who watches sees them at once.
	poll = 200 * time.Millisecond

	// chunk is how many bytes are read at a time: many lines.
	chunk = 64 << 10
)

// Read yields the finished scans of a directory, oldest first. It works while a
// daemon writes them. An error stands for something that cannot be read, a *LineError for
// a damaged line; the scans after it still follow. Read yields an intent without a scan
// as unknown, once a later line proves that its daemon is gone.
func Read(dir string) iter.Seq2[scan.Record, error] {
	return func(yield func(scan.Record, error) bool) {
		t := tail{dir: dir, yield: yield}
		t.run(context.Background(), false)
	}
}

// Follow does what Read does, and then yields every further scan until ctx ends.
func Follow(ctx context.Context, dir string) iter.Seq2[scan.Record, error] {
	return func(yield func(scan.Record, error) bool) {
		t := tail{dir: dir, yield: yield}
		t.run(ctx, true)
	}
}

// A tail reads segment after segment. Its methods return false when yield wants no more.
type tail struct {
	dir      string
	yield    func(scan.Record, error) bool
	inFlight inFlight

	file   File   // the segment that is being read; nil if it cannot be read
	number uint64 // of that segment
	offset int64  // it has been read up to here
	next   uint64 // the lowest number that the next segment may have
	buf    [chunk]byte
}

func (t *tail) run(ctx context.Context, follow bool) {
	defer t.closeSegment()

	for {
		names, err := realFS{}.Names(t.dir)
		if err != nil {
			t.yield(scan.Record{}, err)
			return
		}

		// The writer begins a new segment only after the last line of the one before. So
		// what we read now, after we have seen the new name, is complete.
		for _, n := range numbers(names) {
			if n >= t.next && (!t.readToEnd(true) || !t.openSegment(n)) {
				return
			}
		}

		if !t.readToEnd(false) || !follow {
			return
		}

		// The daemon that writes is another process and sends no word of a new line: look again, until ctx ends.
		select {
		case <-ctx.Done():
			return
		case <-time.After(poll):
		}
	}
}

func (t *tail) closeSegment() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
}

// openSegment goes on to a segment. It skips a segment that is gone or not a regular file.
func (t *tail) openSegment(number uint64) bool {
	t.closeSegment()
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

// readToEnd reads the segment to its end. The end is final if nothing will be added.
func (t *tail) readToEnd(final bool) bool {
	for t.file != nil {
		n, err := t.file.ReadAt(t.buf[:], t.offset)
		if err != nil && err != io.EOF {
			t.closeSegment()
			return t.yield(scan.Record{}, err)
		}
		if n == 0 {
			return true
		}

		used, ok := t.readLines(t.buf[:n], final && n < chunk)
		if !ok {
			return false
		}

		// No line is as long as a chunk: this is damage. Keep a line's length of it, which
		// may be the beginning of a whole line.
		if used == 0 && n == chunk {
			if !t.report([]piece{{}}) {
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

// readLines yields the scans in b, and returns how many bytes it has used. Damage at the
// end is left for the next time: it may be a line that is being written, or taken back.
func (t *tail) readLines(b []byte, final bool) (used int, ok bool) {
	var bad []piece
	for p := range pieces(b) {
		switch p.kind {
		case damaged, torn:
			bad = append(bad, p)
			continue
		}

		// A whole line follows, so what is before it will not change any more.
		if !t.report(bad) {
			return used, false
		}
		bad = nil
		used = p.end

		if p.kind == unknownKind {
			continue
		}
		for _, s := range t.inFlight.take(p) {
			if !t.yield(s, nil) {
				return used, false
			}
		}
	}

	if final {
		return len(b), t.report(bad)
	}
	return used, true
}

// report yields an error for every damaged piece.
func (t *tail) report(bad []piece) bool {
	for _, p := range bad {
		if !t.yield(scan.Record{}, &LineError{t.number, t.offset + int64(p.at)}) {
			return false
		}
	}
	return true
}
