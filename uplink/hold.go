// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync"
	"time"
)

// A Hold keeps a request's first byte back until it is released. It may be used from
// any goroutine.
type Hold struct {
	released chan struct{}
	once     sync.Once
	at       time.Time // set before released is closed
}

// NewHold is a hold that is not released.
func NewHold() *Hold { return &Hold{released: make(chan struct{})} }

// Release lets the request go, for good.
func (h *Hold) Release() {
	h.once.Do(func() {
		h.at = time.Now()
		close(h.released)
	})
}

func (h *Hold) holds() bool {
	if h == nil {
		return false
	}
	select {
	case <-h.released:
		return false
	default:
		return true
	}
}

// since is how long ago that was and the hold was released, whichever is later; 0 when it is
// not released. A nil hold never held.
func (h *Hold) since(t time.Time) time.Duration {
	if h.holds() {
		return 0
	}
	if h != nil && h.at.After(t) {
		t = h.at
	}
	return time.Since(t)
}
