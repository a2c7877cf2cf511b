// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// recoverTimeout bounds the time that a start spends on reading segments. The newest
	// are read first.
	recoverTimeout = time.Second

	// maxSeq is the highest number that every JSON reader can represent (RFC 8259,
	// section 6). A higher one is not ours.
	maxSeq = 1 << 53
)

// A recovery is what the segments hold.
type recovery struct {
	past     Past
	inFlight inFlight // scans whose daemon is gone
	highest  uint64   // number of a scan
	skipped  uint64   // lines, and segments, that could not be read
	newest   reading
}

// load reads the segments. It leaves out what it cannot read.
func load(fsys FS, dir string) (recovery, error) {
	var l recovery
	if err := fsys.Mkdir(dir); err != nil {
		return l, err
	}
	names, err := fsys.Names(dir)
	if err != nil {
		return l, err
	}

	ring := numbers(names)
	var readings []reading // newest first
	lines := 0
	for _, r := range readAll(fsys, dir, ring) {
		if r == nil {
			l.skipped++
			continue
		}
		readings = append(readings, *r)
		lines += len(r.whole)
		l.skipped += r.skipped
	}

	// The newest segment has its number even if it could not be read: the next one comes after it.
	if len(ring) > 0 {
		l.newest.number = ring[len(ring)-1]
	}
	if len(readings) > 0 && readings[0].number == l.newest.number {
		l.newest = readings[0]
	}

	// Scans are put together in the order in which they were written.
	l.past.Scans = slices.Grow(l.past.Scans, lines)
	for _, r := range slices.Backward(readings) {
		for _, p := range r.whole {
			l.past.Scans = append(l.past.Scans, l.inFlight.take(p)...)
			if p.record.Seq <= maxSeq {
				l.highest = max(l.highest, p.record.Seq)
			}
		}
	}

	l.past.Scans = append(l.past.Scans, l.inFlight.open...)
	l.past.Recovered = len(l.inFlight.open)
	return l, nil
}

// readAll reads the segments, newest first, on all processors, until recoverTimeout. nil
// stands for a segment that could not be read.
func readAll(fsys FS, dir string, ring []uint64) []*reading {
	deadline := time.Now().Add(recoverTimeout)
	readings := make([]*reading, len(ring))

	// Every goroutine takes the next segment, and ends when no segment is left or the time
	// is over. It writes only the element of readings that belongs to its segment.
	var taken atomic.Int64
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(ring)) {
		readers.Go(func() {
			for {
				i := int(taken.Add(1)) - 1
				if i >= len(ring) || time.Now().After(deadline) {
					return
				}
				if r, err := read(fsys, dir, ring[len(ring)-1-i]); err == nil {
					readings[i] = &r
				}
			}
		})
	}
	readers.Wait()
	return readings
}

// takeOver prepares the writer to continue the journal: it cuts off the torn end of the
// newest segment, and finishes the scans in flight.
func (w *writer) takeOver(l recovery) error {
	w.recovered = true
	w.number = l.newest.number

	// The results of the scans in flight go first, before the lines that came meanwhile.
	for _, s := range l.inFlight.open {
		w.unsynced = append(w.unsynced, pendingLine{line: recordLine(s)})
	}
	w.holdUnsynced()

	if l.newest.size > 0 {
		w.resume(l.newest)
	}

	// A daemon that was killed may have left names and lines unsynced. What a start has
	// read must survive a power cut, since the station acts on it.
	err := w.o.FS.SyncDir(w.dir)
	if w.file != nil {
		err = firstError(err, w.file.Sync())
		if err != nil {
			w.abandonSegment()
		}
	}
	return err
}

// resume continues a segment after its last whole line. If that fails, the next line
// begins a new segment.
func (w *writer) resume(r reading) {
	file, err := w.o.FS.Open(fileName(w.dir, r.number), os.O_RDWR)
	if err != nil {
		return
	}

	w.file, w.size, w.synced = file, r.end, r.end
	if r.end < r.size {
		w.cut(r.end)
	}
}
