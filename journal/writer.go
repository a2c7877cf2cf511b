// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"io"
	"os"
)

// maxHeld is how many lines wait in memory for a disk that does not accept them: at two
// taps a second and two lines a tap, a minute of them, which is until the next attempt.
const maxHeld = 256

// A pendingLine is a line on its way to the disk.
type pendingLine struct {
	line    []byte
	written chan error // receives once; nil if nobody waits, or no longer
}

func (p *pendingLine) answer(err error) {
	if p.written != nil {
		p.written <- err
		p.written = nil
	}
}

// A writer is the journal's end at the disk. Only run uses it, since any call here may
// take as long as the disk likes. It is in one of three states:
//
//	not recovered ── takeOver ──> good: err is nil
//	not recovered, good ── the disk fails ──> bad: err is set, lines stay in memory
//	bad ── after a minute, or at Close ──> tried again
//
// A line moves from held to unsynced to the disk, and back to held if a sync fails.
type writer struct {
	dir  string
	o    Options
	err  error         // why the disk is left alone for now
	held []pendingLine // not written yet, in order
	lost uint64        // dropped from held, since run last counted

	recovered bool          // the directory has been read
	number    uint64        // of the newest segment
	file      File          // the newest segment; nil if nothing can be added to it
	size      int64         // of the newest segment, up to the end of its last whole line
	synced    int64         // of size, so much is on the disk for certain
	unsynced  []pendingLine // lines between synced and size
}

// hold takes lines into memory. If there are too many, the oldest are lost.
func (w *writer) hold(lines ...pendingLine) {
	w.held = append(w.held, lines...)
	for len(w.held) > maxHeld {
		w.held[0].answer(ErrStuck)
		w.held = w.held[1:]
		w.lost++
	}
}

// holdUnsynced takes the lines that may not be on the disk back into memory, before all others.
func (w *writer) holdUnsynced() {
	held := w.held
	w.held = nil
	w.hold(append(w.unsynced, held...)...)
	w.unsynced = nil
}

// answer sends err to everybody who waits for a line.
func (w *writer) answer(err error) {
	for i := range w.held {
		w.held[i].answer(err)
	}
	for i := range w.unsynced {
		w.unsynced[i].answer(err)
	}
}

// flush writes every held line.
func (w *writer) flush() error {
	for len(w.held) > 0 {
		// If a sync fails, all unsynced lines go back to held: half of it must be free for them.
		if len(w.unsynced) >= maxHeld/2 {
			if err := w.sync(); err != nil {
				return err
			}
		}

		if err := w.write(w.held[0].line); err != nil {
			return err
		}
		w.unsynced = append(w.unsynced, w.held[0])
		w.held = w.held[1:]
	}
	return nil
}

// write adds a line to the newest segment. If it fails, it leaves the segment as it was.
func (w *writer) write(line []byte) error {
	if w.file == nil || w.size > 0 && w.size+int64(len(line)) > w.o.SegmentSize {
		if err := w.beginSegment(); err != nil {
			return err
		}
	}

	// A failed write gets a second chance: the disk may have been busy for a moment.
	for lastTry := false; ; lastTry = true {
		n, err := w.file.Write(line)
		if err == nil && n == len(line) {
			w.size += int64(n)
			return nil
		}
		if err == nil {
			err = io.ErrShortWrite
		}

		if cut := w.cut(w.size); cut != nil {
			return err
		}
		if lastTry {
			return err
		}
	}
}

// sync puts the unsynced lines on the disk. After a failure nobody knows which of them
// are there, and a second sync would report success for lines that the kernel has
// dropped (lwn.net/Articles/752063): so they are written again.
func (w *writer) sync() error {
	if len(w.unsynced) == 0 {
		return nil
	}

	if err := w.file.Sync(); err != nil {
		w.holdUnsynced()
		w.cut(w.synced)
		return err
	}

	w.synced = w.size
	for i := range w.unsynced {
		w.unsynced[i].answer(nil)
	}
	w.unsynced = w.unsynced[:0]
	return nil
}

// cut shortens the newest segment. If that fails, it abandons the segment, and the next
// line begins a new one.
func (w *writer) cut(size int64) error {
	err := w.file.Truncate(size)
	if err != nil {
		w.abandonSegment()
		return err
	}
	w.size = size
	return nil
}

// abandonSegment ends the newest segment where it is.
func (w *writer) abandonSegment() {
	// A sync that fails cuts, and a cut that fails abandons: then it is done already.
	if w.sync() != nil {
		return
	}

	w.file.Close()
	w.file = nil

	// A disk that accepts names but no lines would otherwise fill the ring with empty
	// segments, which push out all others.
	if w.size == 0 {
		w.o.FS.Remove(fileName(w.dir, w.number))
	}
}

// beginSegment begins a new segment, and removes the oldest ones.
func (w *writer) beginSegment() error {
	if err := w.sync(); err != nil {
		return err
	}

	names, err := w.o.FS.Names(w.dir)
	if err != nil {
		return err
	}
	ring := numbers(names)
	w.makeRoom(ring)

	// Somebody may have put a file where the next segment should be: go past it.
	next := w.number + 1
	if n := len(ring); n > 0 {
		next = max(next, ring[n-1]+1)
	}

	name := fileName(w.dir, next)
	file, err := w.o.FS.Open(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}

	// A line is on the disk only if the name of its segment is, too.
	if err := w.o.FS.SyncDir(w.dir); err != nil {
		file.Close()
		w.o.FS.Remove(name)
		return err
	}

	if w.file != nil {
		w.file.Close()
	}
	w.file, w.number, w.size, w.synced = file, next, 0, 0
	return nil
}

// makeRoom removes the oldest segments, so that with a new one there are not too many.
// For a segment that cannot be removed, a younger one goes.
func (w *writer) makeRoom(ring []uint64) {
	surplus := len(ring) + 1 - w.o.Segments
	for _, n := range ring {
		if surplus <= 0 {
			return
		}
		if w.o.FS.Remove(fileName(w.dir, n)) == nil {
			surplus--
		}
	}
}

// close syncs and closes the newest segment.
func (w *writer) close() error {
	if w.file == nil {
		return nil
	}

	err := w.sync()
	if w.file != nil { // a failed sync may have abandoned it
		w.file.Close()
		w.file = nil
	}
	return err
}
