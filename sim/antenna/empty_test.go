// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Only searches that find nothing count, and only 100 ms from one to the next.
func TestEmptyAntennaIsSeenBySearchesOnly(t *testing.T) {
	for _, tt := range []struct {
		name  string
		every time.Duration // from one search to the next; 0 is never
		want  time.Duration // 0 is never
	}{
		{"a reader that searches all the time", 20 * time.Millisecond, 400 * time.Millisecond},
		{"a reader that hardly finds the time", 500 * time.Millisecond, 2 * time.Second},
		{"a reader that hangs", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := NewField()
				f.RF(true)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()

				var reader sync.WaitGroup
				reader.Go(func() { // ends at the first search after the wait
					for tt.every > 0 && ctx.Err() == nil {
						time.Sleep(tt.every)
						f.Select()
					}
				})

				began := time.Now()
				err := f.AwaitSeenEmpty(ctx, 400*time.Millisecond)
				took := time.Since(began)
				cancel()
				reader.Wait()

				if tt.want == 0 {
					if err == nil {
						t.Error("an antenna that nobody searched was seen to be empty")
					}
					return
				}
				if err != nil || took < tt.want || took > tt.want+50*time.Millisecond {
					t.Errorf("seen to be empty after %v (%v), want %v", took, err, tt.want)
				}
			})
		})
	}
}
