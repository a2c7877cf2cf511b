// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	breakerFailures = 5
	breakerWindow   = 30 * time.Second // from one failure to the next
	longestHold     = 60 * time.Second // for which Retry-After may turn taps away
	longestProbe    = 15 * time.Minute // for which it may hold probes
)

// A gate decides whether a scan may be posted now. Three things close it: a key
// that was refused, a platform that did not answer five times in a row, each
// within 30 s of the one before, and a platform that asked to wait. A tap at a
// closed gate is told at once. (Five within 30 s in all would never come about
// where each failure takes eight.)
type gate struct {
	mu       sync.Mutex
	latched  bool // the key was refused
	failures int  // in a row
	failed   time.Time
	taps     time.Time // none before this, by Retry-After
	probes   time.Time // none before this either
}

// admit tells why a scan may not be posted at now, or "".
func (g *gate) admit(now time.Time) scan.Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.latched:
		return scan.ReasonKey
	case g.failures >= breakerFailures, now.Before(g.taps):
		return scan.ReasonBreaker
	default:
		return ""
	}
}

// held is for how long the platform has asked not even to be probed.
func (g *gate) held(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.probes.Sub(now))
}

// scanned learns from the result of a scan that was posted.
func (g *gate) scanned(r Result, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.unanswered() {
		g.fail(now)
		return
	}
	g.failures = 0
	switch {
	case r.Reason == scan.ReasonKey:
		g.latched = true
	case r.Status/100 == 2:
		g.latched = false
	}
	g.hold(r.RetryAfter, now)
}

// probed learns from a harmless GET.
func (g *gate) probed(p probe, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case p.status == 0:
		g.fail(now)
		return
	case p.status == 401:
		g.latched = true
	case p.good():
		g.latched = false
	}
	if p.status < 500 {
		g.failures = 0
	}
	g.hold(p.retryAfter, now)
}

// fail counts a failure. Once the breaker has tripped, time alone does not mend it.
func (g *gate) fail(now time.Time) {
	if g.failures < breakerFailures && now.Sub(g.failed) > breakerWindow {
		g.failures = 0
	}
	g.failures++
	g.failed = now
}

func (g *gate) hold(retryAfter time.Duration, now time.Time) {
	if retryAfter <= 0 {
		return
	}
	later := func(t time.Time, cap time.Duration) time.Time {
		if until := now.Add(min(retryAfter, cap)); until.After(t) {
			return until
		}
		return t
	}
	g.taps, g.probes = later(g.taps, longestHold), later(g.probes, longestProbe)
}

// unlatch is for a key that has changed.
func (g *gate) unlatch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.latched = false
}
