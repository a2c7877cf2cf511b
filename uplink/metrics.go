// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// Counts are of all scans and probes since the Platform was made.
type Counts struct {
	Requests map[string]uint64 // by the answer's status: 2xx 3xx 401 404 4xx 429 5xx, none without an answer
	Resends  uint64            // scans that were repeated, since nothing of them had been sent
}

// metrics counts requests. It may be used from any goroutine.
type metrics struct {
	mu sync.Mutex // guards Counts
	Counts
}

// newMetrics has every label from the start, so that a rate can be taken of what has never
// happened yet.
func newMetrics() *metrics {
	m := &metrics{Counts: Counts{Requests: make(map[string]uint64)}}
	for _, code := range []string{"2xx", "3xx", "401", "404", "4xx", "429", "5xx", "none"} {
		m.Requests[code] = 0
	}

	return m
}

// count counts one request with its repetitions. status is 0 without an answer.
func (m *metrics) count(status int, a *attempts) {
	code := fmt.Sprintf("%dxx", status/100)
	switch status {
	case 0:
		code = "none"
	case 401, 404, 429: // each has a mend of its own
		code = fmt.Sprint(status)
	}
	resends := a.repetitions()

	m.mu.Lock()
	defer m.mu.Unlock()
	m.Requests[code]++
	m.Resends += uint64(resends)
}

// Counts returns a copy of the counts as they are now.
func (p *Platform) Counts() Counts {
	p.metrics.mu.Lock()
	defer p.metrics.mu.Unlock()

	c := p.metrics.Counts
	c.Requests = maps.Clone(c.Requests)

	return c
}

// Key returns the key in use, which prints its public half alone.
func (p *Platform) Key() Key { return *p.key.Load() }

// KeyRefused reports whether the platform has refused the key. Scans are held back until it is
// found good or another one is there.
func (p *Platform) KeyRefused() bool { return p.breaker.admit(time.Now()) == scan.ReasonKey }

// BreakerOpen reports whether scans are turned away at once for now: the platform was
// unreachable, or asked to wait.
func (p *Platform) BreakerOpen() bool { return p.breaker.admit(time.Now()) == scan.ReasonBreaker }

// Contact is how long ago the platform last answered in good order, and whether it ever did.
func (p *Platform) Contact() (ago time.Duration, met bool) { return p.sinceContact(), p.Met() }
