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

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// A File is an open file of a Disk.
type File = interface {
	io.ReaderAt
	io.Writer
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// A Disk is a file system that may lose power. It holds files in directories
// that are always there.
//
// It writes down every operation, so that After can replay a run up to any one
// of them and then ask what a real disk may hold: what was synced, and of the
// rest whatever the kernel and the card happened to have written, in any order.
// Each sector of a file is then as it was at the last sync or as any later write
// left it; the file's size is one that it had since; a name that was made or
// removed since the directory's last sync is there or not. That is the closure
// of all prefixes and reorderings of unsynced writes, so nothing is gained by
// replaying their orders one by one, and a lost tail, a hole of zeros and a torn
// line are among the outcomes.
//
// Compared with FUSE (LazyFS) or a block device below a real file system
// (dm-log-writes) this tests more than one file system can do: ext4 in its
// default mode orders much that POSIX does not promise. It needs neither root
// nor a kernel module, runs in memory, and a failing state is named by an
// operation and a number. What it cannot show is a fault of the kernel, or a
// card that lies about a flush or spoils sectors that it was not asked to write.
type Disk struct {
	mu    sync.Mutex
	root  *world
	fault func(Op) Fault
	room  int64             // bytes, -1 is without end
	first map[string][]byte // what it held at first
	ops   []Op
}

// An Op is one operation that changes a disk, or puts a change where it lasts.
type Op struct {
	Kind string // "create", "write", "truncate", "sync", "remove" or "syncdir"; "open" and "readdir" are not kept
	Name string
	Data []byte // of a write
	Size int64  // of a truncate
}

// A Fault is how an operation goes wrong.
type Fault struct {
	Err   error         // nil: it does not, but see Short
	Bytes int           // of a write, that are written before Err
	Short bool          // a write that writes Bytes and reports no error
	Delay time.Duration // before anything else
}

// New returns an empty disk without end.
func New() *Disk { return &Disk{root: newWorld(), room: -1, first: make(map[string][]byte)} }

// Fault sets what goes wrong from now on; nil is nothing.
func (d *Disk) Fault(f func(Op) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

// Room sets how many bytes the disk has room for; then it is ENOSPC.
func (d *Disk) Room(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Ops is how many operations there have been.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ops)
}

// Kinds counts operations by kind.
func (d *Disk) Kinds() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	kinds := make(map[string]int)
	for _, op := range d.ops {
		kinds[op.Kind]++
	}
	return kinds
}

// do carries out an operation, unless it goes wrong, and returns how many bytes
// of a write were written. A delay holds up nobody else.
func (d *Disk) do(op Op) (int, error) {
	d.mu.Lock()
	fault := d.fault
	d.mu.Unlock()
	var f Fault
	if fault != nil {
		f = fault(op)
		time.Sleep(f.Delay)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if op.Kind == "write" {
		if f.Err != nil || f.Short {
			op.Data = op.Data[:min(f.Bytes, len(op.Data))]
		}
		if free := d.room - d.root.used(); d.room >= 0 && int64(len(op.Data)) > free {
			op.Data, f.Err = op.Data[:max(0, free)], syscall.ENOSPC
		}
	} else if f.Err != nil {
		return 0, &fs.PathError{Op: op.Kind, Path: op.Name, Err: f.Err}
	}
	if op.Kind == "open" || op.Kind == "readdir" {
		return 0, nil
	}
	if op.Kind != "write" || len(op.Data) > 0 {
		op.Data = slices.Clone(op.Data)
		if err := d.root.apply(op); err != nil {
			return 0, &fs.PathError{Op: op.Kind, Path: op.Name, Err: err}
		}
		d.ops = append(d.ops, op)
	}
	if f.Err != nil {
		return len(op.Data), &fs.PathError{Op: op.Kind, Path: op.Name, Err: f.Err}
	}
	return len(op.Data), nil
}

// Mkdir does nothing.
func (d *Disk) Mkdir(string) error { return nil }

// Names are of all files in a directory.
func (d *Disk) Names(dir string) ([]string, error) {
	if _, err := d.do(Op{Kind: "readdir", Name: dir}); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for name := range d.root.names {
		if filepath.Dir(name) == filepath.Clean(dir) {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Open opens a file, or makes it with os.O_CREATE.
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
	if d.root.names[name] == nil {
		return nil, &fs.PathError{Op: kind, Path: name, Err: fs.ErrNotExist}
	}
	return diskFile{d, name}, nil
}

func (d *Disk) Remove(name string) error {
	_, err := d.do(Op{Kind: "remove", Name: name})
	return err
}

func (d *Disk) SyncDir(dir string) error {
	_, err := d.do(Op{Kind: "syncdir", Name: filepath.Clean(dir)})
	return err
}

// A diskFile is not to be removed while it is open.
type diskFile struct {
	disk *Disk
	name string
}

func (f diskFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	node := f.disk.root.names[f.name]
	if node == nil || at >= int64(len(node.now())) {
		return 0, io.EOF
	}
	n := copy(b, node.now()[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f diskFile) Write(b []byte) (int, error) {
	return f.disk.do(Op{Kind: "write", Name: f.name, Data: b})
}

func (f diskFile) Truncate(size int64) error {
	_, err := f.disk.do(Op{Kind: "truncate", Name: f.name, Size: size})
	return err
}

func (f diskFile) Sync() error {
	_, err := f.disk.do(Op{Kind: "sync", Name: f.name})
	return err
}

func (f diskFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if node := f.disk.root.names[f.name]; node != nil {
		return int64(len(node.now())), nil
	}
	return 0, fs.ErrNotExist
}

func (f diskFile) Close() error { return nil }
