// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"errors"
	"fmt"
	"strings"
)

const maxWords = 300 // bytes kept of what a child writes to standard error

// firstWords keeps the beginning of what a child writes to standard error, where libnfc
// and the Go runtime say why they gave up.
type firstWords struct{ said []byte }

func (w *firstWords) Write(b []byte) (int, error) {
	w.said = append(w.said, b[:min(len(b), maxWords-len(w.said))]...)
	return len(b), nil
}

// explain describes a child's end by its exit error, nil if there was none, and by its first line.
func (w *firstWords) explain(exit error) error {
	first, _, _ := strings.Cut(strings.TrimSpace(string(w.said)), "\n")
	switch {
	case exit == nil:
		return errors.New("the reader's process ended")
	case first == "":
		return fmt.Errorf("the reader's process ended: %w", exit)
	default:
		return fmt.Errorf("the reader's process ended: %w: %q", exit, first)
	}
}
