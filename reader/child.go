// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"io"
)

// Child is the whole of the child process: it opens device, watches it, and
// writes its events to out, until ctx ends, nobody reads out, or the reader
// fails, of which it writes a Fault. A tag of the UID resting lay on the reader
// when the child before this one ended, and is no new tap until it has left.
func Child(ctx context.Context, device string, resting []byte, out io.Writer) error {
	emit := func(e Event) error {
		line, err := encodeEvent(e)
		if err != nil {
			return err
		}
		_, err = out.Write(line)
		return err
	}
	err := serve(ctx, device, resting, emit)
	if err != nil {
		emit(Event{Kind: Fault, Err: err, Missing: Missing(err)})
	}
	return err
}

func serve(ctx context.Context, device string, resting []byte, emit func(Event) error) error {
	dev, err := Open(device)
	if err != nil {
		return err
	}
	defer dev.Close()
	return Watch(ctx, dev, resting, emit)
}
