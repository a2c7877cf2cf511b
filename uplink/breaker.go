// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"net/http"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	breakerFailures = 5
	breakerWindow   = 30 * time.Second // from one failure to the next
	longestPause    = 60 * time.Second // for which Retry-After may turn taps away
	longestProbe    = 15 * time.Minute // for which Retry-After may put probes off
)

// A breaker decides whether a scan may be posted now, so that a person at a station that cannot
// reach the platform learns it at once. Three things hold scans back:
//
//   - a refused key (401), until the key is found good or has changed: the latch;
//   - five failures in a row, each within 30 s of the one before, until the platform answers.
//     (Five within 30 s in all would never happen where each failure takes 8 s.);
//   - a platform that asked to wait (Retry-After), for that time.
type breaker struct {
	mu       sync.Mutex // guards what follows: scans and probes learn in goroutines of their own
	latched  bool       // the key was refused
	failures int        // in a row
	failed   time.Time  // when the last of them was
	taps     time.Time  // no scan before this moment, by Retry-After
	probes   time.Time  // no probe before this moment, by Retry-After
}

// admit returns why no scan may be posted at now, or "".
func (b *breaker) admit(now time.Time) scan.Reason {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.latched:
		return scan.ReasonKey
	case b.failures >= breakerFailures, now.Before(b.taps):
		return scan.ReasonBreaker
	default:
		return ""
	}
}

// probePause is for how long the platform has asked not even to be probed.
func (b *breaker) probePause(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()

	return max(0, b.probes.Sub(now))
}

// learnFromAnswer learns from a scan that was posted.
func (b *breaker) learnFromAnswer(a Answer, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.unanswered() {
		b.fail(now)
		return
	}

	b.failures = 0
	switch {
	case a.Reason == scan.ReasonKey:
		b.latched = true
	case a.Status/100 == 2:
		b.latched = false
	}
	b.pause(a.RetryAfter, now)
}

// learnFromProbe learns from a harmless GET.
func (b *breaker) learnFromProbe(p probe, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case p.status == 0:
		b.fail(now)
		return
	case p.status == http.StatusUnauthorized:
		b.latched = true
	case p.good():
		b.latched = false
	}

	// A gateway in front of a dead platform answers 502: that ends no row of failures.
	if p.status < 500 {
		b.failures = 0
	}
	b.pause(p.retryAfter, now)
}

// fail counts a failure. mu is held. Once the breaker has tripped, time alone does not close it.
func (b *breaker) fail(now time.Time) {
	if b.failures < breakerFailures && now.Sub(b.failed) > breakerWindow {
		b.failures = 0
	}

	b.failures++
	b.failed = now
}

// pause holds scans and probes back for as long as the platform asks, each up to its cap. A
// shorter pause does not shorten a longer one. mu is held.
func (b *breaker) pause(retryAfter time.Duration, now time.Time) {
	if retryAfter <= 0 {
		return
	}

	later := func(t time.Time, cap time.Duration) time.Time {
		if until := now.Add(min(retryAfter, cap)); until.After(t) {
			return until
		}
		return t
	}
	b.taps, b.probes = later(b.taps, longestPause), later(b.probes, longestProbe)
}

// unlatch lets scans go again after the key has changed.
func (b *breaker) unlatch() {
	b.mu.Lock()
	defer b.mu.Unlock()

	b.latched = false
}
