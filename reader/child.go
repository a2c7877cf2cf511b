// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"io"
)

// Child is the whole of the child process: it opens the device, watches it, and
// writes its events to out. It ends without an error when ctx does, and with one when nobody reads out, or
// when the reader cannot be brought back, after a fault that says why. resting is the UID of a tag that lay
// on the reader when the child before this one ended: it is no new tap until it has left. It is nil without one.
func Child(ctx context.Context, device string, liveness Liveness, resting []byte, out io.Writer) error {
	w := newWatch(liveness, resting, func(e Event) error {
		line, err := encodeEvent(e)
		if err != nil {
			return err
		}
		_, err = out.Write(line)
		return err
	})
	return keepWatching(ctx, device, w)
}
