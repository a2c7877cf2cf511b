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
	// readingTime bounds what a start spends on segments, newest first.
	readingTime = time.Second

	// maxSeq is the largest number that every reader of JSON can count to. A
	// larger one is none of ours.
	maxSeq = 1 << 53
)

// A loaded journal is what the segments hold.
type loaded struct {
	past    Past
	flight  flight // whose daemon is gone
	highest uint64 // number of a scan
	skipped uint64
	newest  reading
}

// load reads the segments. What it cannot read it leaves out.
func load(fsys FS, dir string) (loaded, error) {
	var l loaded
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
	if len(ring) > 0 {
		l.newest.number = ring[len(ring)-1]
	}
	if len(readings) > 0 && readings[0].number == l.newest.number {
		l.newest = readings[0]
	}
	l.past.Scans = slices.Grow(l.past.Scans, lines)
	for _, r := range slices.Backward(readings) {
		for _, p := range r.whole {
			l.past.Scans = append(l.past.Scans, l.flight.take(p)...)
			if p.record.Seq <= maxSeq {
				l.highest = max(l.highest, p.record.Seq)
			}
		}
	}
	l.past.Scans = append(l.past.Scans, l.flight.open...)
	l.past.Recovered = len(l.flight.open)
	return l, nil
}

// readAll reads segments, newest first, with all cores and for as long as it
// may. nil is one that cannot be read.
func readAll(fsys FS, dir string, ring []uint64) []*reading {
	late := time.Now().Add(readingTime)
	readings := make([]*reading, len(ring))
	var taken atomic.Int64
	var cores sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(ring)) {
		cores.Go(func() {
			for {
				i := int(taken.Add(1)) - 1
				if i >= len(ring) || time.Now().After(late) {
					return
				}
				if r, err := read(fsys, dir, ring[len(ring)-1-i]); err == nil {
					readings[i] = &r
				}
			}
		})
	}
	cores.Wait()
	return readings
}

// begin takes the journal over: the torn end of the newest segment is cut off,
// and the scans in flight are finished.
func (w *writer) begin(l loaded) error {
	w.known = true
	w.number = l.newest.number
	for _, s := range l.flight.open {
		w.loose = append(w.loose, note{line: recordLine(s)})
	}
	w.back()
	if l.newest.size > 0 {
		w.resume(l.newest)
	}
	// A daemon that was killed may have left names and lines unsynced.
	err := w.o.FS.SyncDir(w.dir)
	if w.file != nil {
		err = first(err, w.file.Sync())
		if err != nil {
			w.leave()
		}
	}
	return err
}

// resume goes on after the last whole line of a segment.
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
