// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"errors"
	"io/fs"
	"maps"
)

// Failures is how often a step at the disk has failed, by what of it failed: open,
// write, sync or other.
func (j *Journal) Failures() map[string]uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.failures)
}

// failedAt is what failed at the disk.
func failedAt(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		switch at.Op {
		case "open", "write", "sync":
			return at.Op
		}
	}
	return "other"
}
