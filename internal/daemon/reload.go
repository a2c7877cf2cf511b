// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"sync"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"
)

// runUntilReload runs one station. It returns the settings of the next one after a reload that
// the files allow, and nil after ctx has ended.
func (d *daemon) runUntilReload(ctx context.Context, set *settings) (next *settings) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	notes := make(chan string)

	// The goroutine ends with ctx: after a good reload it ends ctx itself.
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if next = d.awaitReload(ctx, notes); next != nil {
			end()
		}
	})

	d.runStation(ctx, set, notes)

	// From here on next does not change.
	end()
	waiting.Wait()
	if next == nil {
		notify(sdnotify.SdNotifyStopping)
	}
	return next
}

// awaitReload returns the settings of the first reload without a problem, or nil once ctx has
// ended. Any other reload leaves the old station running and sends a note about its problem.
func (d *daemon) awaitReload(ctx context.Context, notes chan<- string) *settings {
	for {
		// The channel holds one SIGHUP: one that comes during a reload causes one more.
		select {
		case <-ctx.Done():
			return nil
		case <-d.reload:
		}

		notifyReloading()
		next, problems := d.load()
		if len(problems) == 0 {
			return next
		}

		for _, p := range problems {
			d.log.Error("not reloaded: the old configuration stays", zap.Stringer("problem", p))
		}

		// reportStatus takes the note, unless it has ended with ctx.
		select {
		case notes <- "; the old configuration stays: " + problems[0].String():
		case <-ctx.Done():
			return nil
		}
		notify(sdnotify.SdNotifyReady)
	}
}
