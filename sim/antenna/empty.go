// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"context"
	"time"
)

// AwaitSeenEmpty waits until a reader has searched for d and found no chip. From one search to the next it counts
// 100 ms at most, as package reader does before it takes a tag for gone: a reader that could not look does not know.
func (f *Field) AwaitSeenEmpty(ctx context.Context, d time.Duration) error {
	const maxGap = 100 * time.Millisecond

	// The reader searches every 20 ms: look more often, so that each search is counted by itself.
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()

	seen, missed, looked := time.Duration(0), f.misses(), time.Now()
	for seen < d {
		// ctx ends the wait for a reader that has stopped searching.
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}

		if now := f.misses(); now != missed {
			seen += min(time.Since(looked), maxGap)
			missed, looked = now, time.Now()
		}
	}
	return nil
}

func (f *Field) misses() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.missed
}
