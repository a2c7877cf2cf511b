// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"math/rand/v2"
	"time"
)

const (
	probeBase  = time.Second       // the first bound after a loss; it doubles
	probeCap   = 300 * time.Second // the highest bound
	probeFirst = 30 * time.Second  // at most, after the start and after a loss
	probeIdle  = 300 * time.Second // between probes while all is well
)

// A schedule says when a station probes. Ten thousand stations lose the platform in the same
// second, and must not come back in the same second.
type schedule struct {
	rand  *rand.Rand
	tries int // since the loss
}

func newSchedule() *schedule {
	return &schedule{rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
}

// first is the wait after the start: a site's power comes back for all its stations at once.
func (s *schedule) first() time.Duration { return s.random(probeFirst) }

// lost is the wait after the platform was lost.
func (s *schedule) lost() time.Duration {
	s.tries = 0
	return s.random(probeFirst)
}

// after is the wait after a probe: full jitter below a bound that doubles while there is trouble,
// and five minutes, give or take a tenth, while there is none.
func (s *schedule) after(p probe) time.Duration {
	if p.good() {
		s.tries = 0
		return s.idle(0)
	}
	if p.retryAfter > 0 {
		wait := min(p.retryAfter, longestProbe)
		return wait + s.random(wait/10)
	}

	// 16 doublings are beyond the cap, and keep the shift in range.
	bound := min(probeBase<<min(s.tries, 16), probeCap)
	s.tries++

	return s.random(bound)
}

// idle is the wait, give or take a tenth, if the last contact was that long ago.
func (s *schedule) idle(since time.Duration) time.Duration {
	return probeIdle - since + s.random(probeIdle/5) - probeIdle/10
}

// random is a duration from 0 to the limit.
func (s *schedule) random(limit time.Duration) time.Duration {
	return time.Duration(s.rand.Int64N(int64(limit) + 1))
}
