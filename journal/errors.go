// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
)

var (
	// ErrStuck means that the disk has not answered for two seconds. Err returns it for
	// another minute after the disk has answered, so that somebody can see it.
	ErrStuck = errors.New("the disk does not answer")

	// ErrClosed is what Intend's channel receives after Close.
	ErrClosed = errors.New("the journal is closed")

	// errNotRegular means that a directory, a FIFO, a link or a device has the name of a segment.
	errNotRegular = errors.New("not a regular file")
)

// A LineError says where a damaged line is.
type LineError struct {
	Segment uint64 // the number in its name
	Offset  int64  // in bytes
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%06d%s: byte %d: damaged line", e.Segment, segmentEnd, e.Offset)
}

// Failures returns how often the disk has failed, by operation: open, write, sync or other.
func (j *Journal) Failures() map[string]uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.failures)
}

// failedOperation returns the operation that an error came from, as Failures names it.
func failedOperation(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		switch at.Op {
		case "open", "write", "sync":
			return at.Op
		}
	}
	return "other"
}

func firstError(err, second error) error {
	if err != nil {
		return err
	}
	return second
}
