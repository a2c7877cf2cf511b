// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A File is an open file of a Disk. It is an alias, so that a Disk fits an interface that names the same methods.
type File = interface {
	io.ReaderAt
	io.Writer
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// A Disk is a file system that may lose power, see the package comment.
type Disk struct {
	mu    sync.Mutex // guards what follows
	state *state
	fault func(Op) Fault
	room  int64             // in bytes; -1 means without end
	first map[string][]byte // the files that it held at first
	ops   []Op
}

// An Op is one operation that changes a disk, or makes a change last.
type Op struct {
	Kind string // "create", "write", "truncate", "sync", "remove" or "syncdir"; "open" and "readdir" are not recorded
	Name string
	Data []byte // of a write
	Size int64  // of a truncate, in bytes
}

// A Fault is how an operation goes wrong.
type Fault struct {
	Err   error         // nil if the operation succeeds, but see Short
	Bytes int           // how many bytes a write writes before Err
	Short bool          // a write writes Bytes and reports no error
	Delay time.Duration // before anything else
}

// New returns an empty disk without end.
func New() *Disk { return &Disk{state: newState(), room: -1, first: make(map[string][]byte)} }

// Fault sets what goes wrong from now on; nil means nothing does.
func (d *Disk) Fault(f func(Op) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// Room sets how many bytes the disk has room for; a write beyond them fails with ENOSPC. -1 means without end.
func (d *Disk) Room(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Ops returns how many operations have been recorded.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ops)
}

// Kinds counts the recorded operations by kind.
func (d *Disk) Kinds() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()

	kinds := make(map[string]int)
	for _, op := range d.ops {
		kinds[op.Kind]++
	}
	return kinds
}

// do carries out an operation, unless it goes wrong, and returns how many bytes a write has written.
func (d *Disk) do(op Op) (int, error) {
	d.mu.Lock()
	fault := d.fault
	d.mu.Unlock()

	// A slow operation must not hold up those of other files, so it waits without the lock.
	var f Fault
	if fault != nil {
		f = fault(op)
		time.Sleep(f.Delay)
	}

	d.mu.Lock()
	defer d.mu.Unlock()

	// A write that fails may have written a part; any other operation that fails has done nothing.
	if op.Kind == "write" {
		if f.Err != nil || f.Short {
			op.Data = op.Data[:min(f.Bytes, len(op.Data))]
		}
		if free := d.room - d.state.used(); d.room >= 0 && int64(len(op.Data)) > free {
			op.Data, f.Err = op.Data[:max(0, free)], syscall.ENOSPC
		}
	} else if f.Err != nil {
		return 0, &fs.PathError{Op: op.Kind, Path: op.Name, Err: f.Err}
	}

	if op.Kind == "open" || op.Kind == "readdir" {
		return 0, nil
	}

	if op.Kind != "write" || len(op.Data) > 0 {
		op.Data = slices.Clone(op.Data) // the caller may reuse its buffer
		if err := d.state.apply(op); err != nil {
			return 0, &fs.PathError{Op: op.Kind, Path: op.Name, Err: err}
		}
		d.ops = append(d.ops, op)
	}

	if f.Err != nil {
		return len(op.Data), &fs.PathError{Op: op.Kind, Path: op.Name, Err: f.Err}
	}
	return len(op.Data), nil
}

// Mkdir does nothing: every directory is there.
func (d *Disk) Mkdir(string) error { return nil }

// Names returns the names of all files in a directory, sorted.
func (d *Disk) Names(dir string) ([]string, error) {
	if _, err := d.do(Op{Kind: "readdir", Name: dir}); err != nil {
		return nil, err
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for name := range d.state.names {
		if filepath.Dir(name) == filepath.Clean(dir) {
			names = append(names, filepath.Base(name))
		}
	}

	slices.Sort(names)
	return names, nil
}

// Open opens a file. With os.O_CREATE it makes the file, which must not exist.
func (d *Disk) Open(name string, flag int) (File, error) {
	kind := "open"
	if flag&os.O_CREATE != 0 {
		kind = "create"
	}
	if _, err := d.do(Op{Kind: kind, Name: name}); err != nil {
		return nil, err
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state.names[name] == nil {
		return nil, &fs.PathError{Op: kind, Path: name, Err: fs.ErrNotExist}
	}
	return openFile{d, name}, nil
}

// Remove removes a file, which must not be open.
func (d *Disk) Remove(name string) error {
	_, err := d.do(Op{Kind: "remove", Name: name})
	return err
}

// SyncDir makes the names in a directory last: those that were made, and the absence of those that were removed.
func (d *Disk) SyncDir(dir string) error {
	_, err := d.do(Op{Kind: "syncdir", Name: filepath.Clean(dir)})
	return err
}

// An openFile finds its content by its name at each operation.
type openFile struct {
	disk *Disk
	name string
}

func (f openFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()

	file := f.disk.state.names[f.name]
	if file == nil || at >= int64(len(file.now())) {
		return 0, io.EOF
	}

	n := copy(b, file.now()[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f openFile) Write(b []byte) (int, error) {
	return f.disk.do(Op{Kind: "write", Name: f.name, Data: b})
}

func (f openFile) Truncate(size int64) error {
	_, err := f.disk.do(Op{Kind: "truncate", Name: f.name, Size: size})
	return err
}

func (f openFile) Sync() error {
	_, err := f.disk.do(Op{Kind: "sync", Name: f.name})
	return err
}

func (f openFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if file := f.disk.state.names[f.name]; file != nil {
		return int64(len(file.now())), nil
	}
	return 0, fs.ErrNotExist
}

func (f openFile) Close() error { return nil }
