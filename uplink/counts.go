// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// Counts are of all requests since the Platform was made.
type Counts struct {
	Requests map[string]uint64 // by the answer's status: 2xx 3xx 401 404 4xx 429 5xx, none without an answer
	Resends  uint64
	Phases   map[string]Phase // dns, connect, tls, wait
}

// A Phase is how often a part of a request came to its good end, and how long that
// took in all. One dialled ahead counts like any other.
type Phase struct {
	Count uint64
	Sum   time.Duration
}

// counts are safe for concurrent use.
type counts struct {
	mu sync.Mutex
	Counts
}

func newCounts() *counts {
	c := &counts{Counts: Counts{Requests: make(map[string]uint64), Phases: make(map[string]Phase)}}
	for _, code := range []string{"2xx", "3xx", "401", "404", "4xx", "429", "5xx", "none"} {
		c.Requests[code] = 0
	}
	for _, phase := range []string{"dns", "connect", "tls", "wait"} {
		c.Phases[phase] = Phase{}
	}
	return c
}

// request counts one request and its resends; status is 0 without an answer.
func (c *counts) request(status int, s *sending, answer time.Duration) {
	code := fmt.Sprintf("%dxx", status/100)
	switch status {
	case 0:
		code = "none"
	case 401, 404, 429:
		code = fmt.Sprint(status)
	}
	s.mu.Lock()
	resends := s.resends
	s.mu.Unlock()
	c.mu.Lock()
	c.Requests[code]++
	c.Resends += uint64(resends)
	c.mu.Unlock()
	if status != 0 {
		c.phase("wait", answer)
	}
}

func (c *counts) phase(name string, took time.Duration) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.Phases[name]
	c.Phases[name] = Phase{p.Count + 1, p.Sum + took}
}

// dialling has the phases of a dial in ctx counted: what is not dns is connect.
func (c *counts) dialling(ctx context.Context) (_ context.Context, connected func()) {
	begun := time.Now()
	var mu sync.Mutex
	var asked time.Time
	var dns time.Duration
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) {
			mu.Lock()
			defer mu.Unlock()
			asked = time.Now()
		},
		DNSDone: func(i httptrace.DNSDoneInfo) {
			mu.Lock()
			defer mu.Unlock()
			if dns = time.Since(asked); i.Err == nil {
				c.phase("dns", dns)
			}
		},
	})
	return ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		c.phase("connect", time.Since(begun)-dns)
	}
}

// Counts are those of now.
func (p *Platform) Counts() Counts {
	p.counts.mu.Lock()
	defer p.counts.mu.Unlock()
	c := p.counts.Counts
	c.Requests, c.Phases = maps.Clone(c.Requests), maps.Clone(c.Phases)
	return c
}

// Key is the key in use.
func (p *Platform) Key() Key { return *p.key.Load() }

// KeyRefused tells of a key that the platform has refused, and that is not used until
// it is found good or another is there.
func (p *Platform) KeyRefused() bool { return p.gate.admit(time.Now()) == scan.ReasonKey }

// Breaker tells that scans are turned away at once for now: the platform was out of
// reach, or asked to wait.
func (p *Platform) Breaker() bool { return p.gate.admit(time.Now()) == scan.ReasonBreaker }

// Contact is how long ago the platform was last met in good order, if it was.
func (p *Platform) Contact() (ago time.Duration, met bool) { return p.sinceContact(), p.Met() }
