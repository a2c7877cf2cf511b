// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"io"
)

// Child is the whole of the child process: it opens device, watches it, and
// writes its events to out, until ctx ends, nobody reads out, or the reader
// cannot be brought back, of which it has written a Fault. A tag of the UID resting lay
// on the reader when the child before this one ended, and is no new tap until it has left.
func Child(ctx context.Context, device string, liveness Liveness, resting []byte, out io.Writer) error {
	w := newWatch(liveness, resting, func(e Event) error {
		line, err := encodeEvent(e)
		if err != nil {
			return err
		}
		_, err = out.Write(line)
		return err
	})
	return recoverDevice(ctx, device, w)
}
