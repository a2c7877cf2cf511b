// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"io"
)

// Child is the whole of the child process: it opens the device, watches it, and
// writes its events to out. It returns nil when ctx ends, and an error when nobody reads out or when
// the reader cannot be brought back, after a fault that says why. resting is the UID of a tag that lay
// on the reader when the last child ended, or nil: that tag is no new tap until it has left.
func Child(ctx context.Context, device string, liveness Liveness, resting []byte, out io.Writer) error {
	w := newWatch(liveness, resting, func(e Event) error {
		line, err := EncodeEvent(e)
		if err != nil {
			return err
		}
		_, err = out.Write(line)
		return err
	})
	return keepWatching(ctx, device, w)
}
