// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"fmt"
	"iter"
)

// A LineError is a line that cannot be read.
type LineError struct {
	Segment string // the file's name
	Offset  int64  // of the line in it, in bytes
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%s: a damaged line at byte %d", e.Segment, e.Offset)
}

// Read yields the finished scans that a directory holds, oldest first, beside a
// daemon that writes them. A *LineError stands for a line that cannot be read,
// and the next follows; any other error is the end.
func Read(dir string) iter.Seq2[Scan, error] {
	return func(yield func(Scan, error) bool) {}
}

// Follow is Read, and then goes on with what is finished until ctx ends.
func Follow(ctx context.Context, dir string) iter.Seq2[Scan, error] {
	return func(yield func(Scan, error) bool) {}
}
