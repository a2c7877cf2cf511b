// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// A File is open for reading, or for reading and appending. It is an alias of a literal
// type, so that the simulated disk of the tests need not import the journal.
type File = interface {
	io.ReaderAt
	io.Writer // by one write(2)
	io.Closer
	Size() (int64, error) // in bytes
	Truncate(size int64) error
	Sync() error
}

// An FS is the part of a file system that a journal needs. There are two: the board's,
// and the simulated disk of the tests, which fails and loses power.
type FS interface {
	// Mkdir makes a directory and its parents, if they do not exist.
	Mkdir(dir string) error

	// Names returns the names of everything in a directory, in any order.
	Names(dir string) ([]string, error)

	// Open opens a regular file. os.O_RDONLY is for reading, os.O_RDWR for appending;
	// os.O_CREATE makes the file, and fails if something has its name.
	Open(name string, flag int) (File, error)

	// Remove removes a file, but never a directory.
	Remove(name string) error

	// SyncDir puts on the disk which names a directory holds.
	SyncDir(dir string) error
}

// maxNames is how many names of a directory are read. A ring has eight.
const maxNames = 1 << 16

// Disk is the board's file system.
var Disk FS = realFS{}

type realFS struct{}

type realFile struct{ *os.File }

func (f realFile) Size() (int64, error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}

func (realFS) Mkdir(dir string) error {
	if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}

	// The name of a new directory, too, must survive a power cut.
	return realFS{}.SyncDir(filepath.Dir(dir))
}

func (realFS) Names(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()

	names, err := d.Readdirnames(maxNames)
	if errors.Is(err, io.EOF) { // an empty directory
		return nil, nil
	}
	return names, err
}

// Open does not wait for the other end of a FIFO, and follows no link.
func (realFS) Open(name string, flag int) (File, error) {
	if flag&os.O_RDWR != 0 {
		flag |= os.O_APPEND
	}
	if flag&os.O_CREATE != 0 {
		flag |= os.O_EXCL
	}

	f, err := os.OpenFile(name, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o640)
	switch {
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENXIO):
		return nil, fmt.Errorf("%s: %w", name, errNotRegular)
	case err != nil:
		return nil, err
	}

	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", name, errNotRegular)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return realFile{f}, nil
}

// Remove calls unlink(2) itself: os.Remove would also remove an empty directory.
func (realFS) Remove(name string) error { return unix.Unlink(name) }

func (realFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
