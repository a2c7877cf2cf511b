// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"io"
	"os"
)

// maxHeld is how many lines wait in memory for a disk that does not take them.
const maxHeld = 256

// A note is a line on its way to the disk.
type note struct {
	line    []byte
	written chan error // receives once, or nil when nobody waits any more
}

func (n *note) answer(err error) {
	if n.written != nil {
		n.written <- err
		n.written = nil
	}
}

// A writer is the journal's end at the disk. One goroutine uses it, since any
// call here may take as long as the disk likes.
type writer struct {
	dir  string
	o    Options
	err  error  // why the disk is left alone for now
	held []note // to be written, in order
	lost uint64

	known  bool   // the directory has been read
	number uint64 // of the newest segment
	file   File   // the newest segment, nil if nothing more can be added to it
	size   int64  // of it, to the end of the last whole line
	synced int64  // of which are on the disk
	loose  []note // between the two
}

// hold takes lines into memory, where the oldest make room.
func (w *writer) hold(notes ...note) {
	w.held = append(w.held, notes...)
	for len(w.held) > maxHeld {
		w.held[0].answer(ErrStuck)
		w.held = w.held[1:]
		w.lost++
	}
}

// back takes lines that may not be on the disk into memory again.
func (w *writer) back() {
	held := w.held
	w.held = nil
	w.hold(append(w.loose, held...)...)
	w.loose = nil
}

// answer tells all who wait that they wait in vain.
func (w *writer) answer(err error) {
	for i := range w.held {
		w.held[i].answer(err)
	}
	for i := range w.loose {
		w.loose[i].answer(err)
	}
}

// flush writes what is held.
func (w *writer) flush() error {
	for len(w.held) > 0 {
		if len(w.loose) >= maxHeld/2 {
			if err := w.sync(); err != nil {
				return err
			}
		}
		if err := w.write(w.held[0].line); err != nil {
			return err
		}
		w.loose = append(w.loose, w.held[0])
		w.held = w.held[1:]
	}
	return nil
}

// write adds a line to the newest segment, or leaves that as it was. A write
// that was cut short gets a second chance: the disk may have had a moment.
func (w *writer) write(line []byte) error {
	if w.file == nil || w.size > 0 && w.size+int64(len(line)) > w.o.SegmentSize {
		if err := w.turn(); err != nil {
			return err
		}
	}
	for again := true; ; again = false {
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
		if !again {
			return err
		}
	}
}

// sync puts what has been written on the disk. After a failure nobody knows what
// of it is there, and another sync would not tell: it is written again.
func (w *writer) sync() error {
	if len(w.loose) == 0 {
		return nil
	}
	if err := w.file.Sync(); err != nil {
		w.back()
		w.cut(w.synced)
		return err
	}
	w.synced = w.size
	for i := range w.loose {
		w.loose[i].answer(nil)
	}
	w.loose = w.loose[:0]
	return nil
}

// cut shortens the newest segment. If that cannot be done it is left as it is,
// and the next line begins a new one.
func (w *writer) cut(size int64) error {
	err := w.file.Truncate(size)
	if err != nil {
		w.leave()
		return err
	}
	w.size = size
	return nil
}

func (w *writer) leave() {
	if w.sync() != nil { // which has left it
		return
	}
	w.file.Close()
	w.file = nil
	if w.size == 0 { // or a disk that takes names but no lines would drive all others out of the ring
		w.o.FS.Remove(fileName(w.dir, w.number))
	}
}

// turn begins a new segment.
func (w *writer) turn() error {
	if err := w.sync(); err != nil {
		return err
	}
	names, err := w.o.FS.Names(w.dir)
	if err != nil {
		return err
	}
	ring := numbers(names)
	w.makeRoom(ring)
	next := w.number + 1
	if n := len(ring); n > 0 {
		next = max(next, ring[n-1]+1)
	}
	name := fileName(w.dir, next)
	file, err := w.o.FS.Open(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
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

// makeRoom removes the oldest segments, so that with a new one there are no more
// than there should be. What cannot be removed takes the place of one that can.
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

// close puts what has been written on the disk.
func (w *writer) close() error {
	if w.file == nil {
		return nil
	}
	err := w.sync()
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
	return err
}
