// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"errors"
	"time"
)

// Recovery of a reader that fails, in this order. These steps are the child's, and cost no more than the
// call that failed. Package supervisor has those that come after them: a new child, and the reset line.
//
//	1  the call again          up to maxFaults times, faultPause apart
//	2  the tag selected again  within the tap's 600 ms, from offset 0
//	3  close and open          maxOpens times; for a port that is not there, or held, for ever
const (
	maxMute     = 4 // looks in a row without an answer, of about 0.3 s each: the reader hangs
	maxOpens    = 2
	reopenPause = 100 * time.Millisecond
	missPause   = 250 * time.Millisecond // between looks for a port that is not there
)

// keepWatching keeps the device open and watched until ctx ends, nobody listens any more, or maxOpens openings in a
// row find a reader that does not answer well. It waits for one that is missing, or held by another process.
func keepWatching(ctx context.Context, device string, w *watch) error {
	failed := 0
	for ctx.Err() == nil {
		opened, err := openAndWatch(ctx, device, w)
		var unheard *emitError
		if err == nil || errors.As(err, &unheard) {
			return err
		}
		if w.ready {
			failed = 0
		}

		missing := Missing(err) || unplugged(device)
		silent := !missing && (opened || errors.Is(err, errHung))
		if err := w.send(Event{Kind: EventFault, Err: err, Missing: missing, Silent: silent}); err != nil {
			return err
		}

		// A new child, and then the reset line, may help a silent reader. A missing one can only be waited for.
		pause := missPause
		if silent {
			pause = reopenPause
			if failed++; failed > maxOpens {
				return err
			}
		}
		sleep(ctx, pause)
	}
	return nil
}

// unplugged reports whether the node of a reader that failed is gone.
func unplugged(device string) bool {
	c := parseConnstring(device)
	return c.IsFile() && !exists(c.Path)
}

func openAndWatch(ctx context.Context, device string, w *watch) (opened bool, err error) {
	w.ready = false // of the last opening
	dev, err := Open(device)
	if err != nil {
		return false, err
	}

	err = w.run(ctx, dev)
	_ = dev.Close() // what failed is in err, and a hung chip fails here too
	return true, err
}
