// SPDX-License-Identifier: Apache-2.0

package journal

import "io"

// A File is open for reading and appending. It is an alias of a literal so that
// a disk need not import the journal to be one.
type File = interface {
	io.ReaderAt
	io.Writer // appends, by one write(2)
	io.Closer
	Size() (int64, error) // in bytes
	Truncate(size int64) error
	Sync() error
}

// An FS is the little of a file system that a journal needs.
type FS interface {
	// Mkdir makes a directory and its parents, unless it is there.
	Mkdir(dir string) error
	// Names are of all that is in a directory, in any order.
	Names(dir string) ([]string, error)
	// Open opens a regular file, or makes one where there is nothing yet.
	Open(name string) (File, error)
	Create(name string) (File, error)
	Remove(name string) error
	// SyncDir puts on the disk which names a directory holds.
	SyncDir(dir string) error
}
