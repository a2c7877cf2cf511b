// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync"
	"time"
)

const (
	breakerFailures = 5
	breakerWindow   = 30 * time.Second
	longestHold     = 60 * time.Second // for which Retry-After may turn taps away
)

// A gate decides whether a scan may be posted now. Three things close it: a key
// that was refused, a platform that could not be reached five times in 30 s, and
// a platform that asked to wait. A tap at a closed gate is told at once.
type gate struct {
	mu        sync.Mutex
	latched   bool        // the key was refused
	open      bool        // the breaker has tripped
	failures  []time.Time // of the last 30 s
	holdUntil time.Time   // by Retry-After
}

// admit tells why a scan may not be posted at now, or "".
func (g *gate) admit(now time.Time) Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.latched:
		return NotSentKey
	case g.open, now.Before(g.holdUntil):
		return NotSentBreaker
	default:
		return ""
	}
}

// held is how long the platform has asked to be left alone from now on.
func (g *gate) held(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.holdUntil.Sub(now))
}

// scanned learns from the result of a scan that was posted.
func (g *gate) scanned(r Result, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Status == 0 {
		g.failed(now)
		return
	}
	g.failures, g.open = g.failures[:0], false
	g.latched = r.Reason == RefusedKey
	g.hold(r.RetryAfter, now)
}

// probed learns from a harmless GET.
func (g *gate) probed(p probe, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case p.status == 0:
		return
	case p.status == 401:
		g.latched = true
	case p.status == 404:
		g.latched = false
	}
	if p.status < 500 {
		g.failures, g.open = g.failures[:0], false
	}
	g.hold(p.retryAfter, now)
}

func (g *gate) failed(now time.Time) {
	recent := g.failures[:0]
	for _, t := range g.failures {
		if now.Sub(t) < breakerWindow {
			recent = append(recent, t)
		}
	}
	g.failures = append(recent, now)
	if len(g.failures) >= breakerFailures {
		g.open = true
	}
}

func (g *gate) hold(retryAfter time.Duration, now time.Time) {
	if retryAfter > 0 {
		g.holdUntil = now.Add(min(retryAfter, longestHold))
	}
}

// unlatch is for a key that has changed.
func (g *gate) unlatch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latched = false
}
