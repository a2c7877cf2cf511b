// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	probeTimeout = 8 * time.Second
	probeBase    = time.Second
	probeCap     = 300 * time.Second
	probeFirst   = 30 * time.Second // at most, after the start and after a loss
	probeIdle    = 300 * time.Second
	askEvery     = 5 * time.Second // at most one probe in this time for taps
	rereadEvery  = 5 * time.Second // while the key is refused

	// noSession is a session that cannot exist. Asking for it needs a good key,
	// creates nothing, and is answered 404; with a bad key, 401.
	noSession = "ses_tagbase-edge-probe"
)

// A probe is what came of a harmless GET.
type probe struct {
	status     int         // 0 without an answer
	reason     scan.Reason // why there is no answer, or none of use
	retryAfter time.Duration
}

func (p probe) good() bool { return p.status == http.StatusNotFound || p.status/100 == 2 }

func (p *Platform) probe(ctx context.Context) probe {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	s := newSending(time.Time{})
	req, err := p.request(s.in(ctx), http.MethodGet, nil, "sessions", noSession)
	if err != nil {
		return probe{reason: scan.ReasonNetwork}
	}
	begun := time.Now()
	resp, err := p.client.Do(req)
	answer := time.Since(begun) - s.connected()
	if err != nil {
		p.counts.request(0, s, answer)
		return probe{reason: reasonNotSent(err)}
	}
	p.counts.request(resp.StatusCode, s, answer)
	resp.Body.Close()
	p.dated(resp, s)
	result := probe{status: resp.StatusCode, retryAfter: retryAfter(resp)}
	switch {
	case result.status == http.StatusUnauthorized:
		result.reason = scan.ReasonKey
	case !result.good():
		result.reason = scan.ReasonServer
	}
	return result
}

// Watch keeps an eye on the platform until ctx ends: seldom while all is well,
// by and by when it is lost, so that a fleet does not come back all at once, and
// at once when a person taps in vain. It calls tell after each probe, and turn at
// each turn, which take no longer than rereadEvery and probeTimeout together.
func (p *Platform) Watch(ctx context.Context, tell, turn func()) {
	s := schedule{rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
	next := time.NewTimer(s.first())
	defer next.Stop()
	reread := time.NewTicker(rereadEvery)
	defer reread.Stop()
	for {
		turn()
		select {
		case <-ctx.Done():
			return
		case <-p.lost:
			next.Reset(s.lost())
			continue
		case <-p.asked:
			p.refreshKey()
		case <-reread.C:
			if !p.refreshKey() {
				continue
			}
		case <-next.C:
			p.refreshKey()
			if wait := p.sinceContact(); wait < probeIdle && p.Trouble() == "" {
				next.Reset(s.idle(wait))
				continue
			}
		}
		if wait := p.gate.held(time.Now()); wait > 0 {
			next.Reset(wait + s.random(wait/10))
			continue
		}
		result := p.probe(ctx)
		p.gate.probed(result, time.Now())
		began := p.note(result.reason)
		tell()
		if began && result.retryAfter == 0 {
			next.Reset(s.lost())
		} else {
			next.Reset(s.after(result))
		}
	}
}

// ask has Watch probe at once, for a person who tapped in vain, or as soon as the
// last time is long enough ago.
func (p *Platform) ask() {
	now, last := time.Since(p.born), p.lastAsk.Load()
	due := max(now, time.Duration(last)+askEvery)
	if time.Duration(last) <= now && p.lastAsk.CompareAndSwap(last, int64(due)) {
		time.AfterFunc(due-now, func() { signal(p.asked) })
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// SetKey takes another key, with which scans may be posted again.
func (p *Platform) SetKey(key Key) {
	p.key.Store(&key)
	p.gate.unlatch()
	signal(p.asked)
}

// refreshKey reads the key anew while it is refused, and tells whether it has changed.
func (p *Platform) refreshKey() bool {
	if p.reload == nil || p.gate.admit(time.Now()) != scan.ReasonKey {
		return false
	}
	key, err := p.reload()
	if err != nil || key.bearer() == p.key.Load().bearer() {
		return false
	}
	p.key.Store(&key)
	p.gate.unlatch()
	return true
}

// Trouble is why the platform could not be used when it was last tried: the key,
// the network, DNS, TLS or the clock; or "".
func (p *Platform) Trouble() scan.Reason {
	if r := p.trouble.Load(); r != nil {
		return *r
	}
	return ""
}

// note keeps what the last contact came to, and tells whether trouble has begun.
func (p *Platform) note(trouble scan.Reason) (began bool) {
	if trouble == "" {
		p.contact.Store(int64(time.Since(p.born)))
	}
	old := p.trouble.Swap(&trouble)
	return trouble != "" && (old == nil || *old == "")
}

// Met tells whether the platform has been met in good order since the start.
func (p *Platform) Met() bool { return p.contact.Load() >= 0 }

// sinceContact is how long ago the platform was last met in good order.
func (p *Platform) sinceContact() time.Duration {
	return time.Since(p.born) - time.Duration(p.contact.Load())
}

// troubleOf tells what of a scan's result is the station's or the platform's trouble.
func troubleOf(r Result) scan.Reason {
	switch {
	case r.cut:
		return scan.ReasonNoAnswer
	case r.Outcome == scan.NotSent, r.Reason == scan.ReasonKey, r.Reason == scan.ReasonNoAnswer, r.Reason == scan.ReasonServer:
		return r.Reason
	default:
		return ""
	}
}

// A schedule says when a station probes. Ten thousand of them lose the platform
// in the same second, and must not come back in the same second.
type schedule struct {
	rand  *rand.Rand
	tries int // since the loss
}

// first is the wait after the start: a site's power comes back for all at once.
func (s *schedule) first() time.Duration { return s.random(probeFirst) }

// lost is the wait after the platform was lost.
func (s *schedule) lost() time.Duration {
	s.tries = 0
	return s.random(probeFirst)
}

// after is the wait after a probe: full jitter under a doubling bound while there
// is trouble, and five minutes give or take a tenth while there is none.
func (s *schedule) after(p probe) time.Duration {
	if p.good() {
		s.tries = 0
		return s.idle(0)
	}
	if p.retryAfter > 0 {
		wait := min(p.retryAfter, longestProbe)
		return wait + s.random(wait/10)
	}
	bound := min(probeBase<<min(s.tries, 16), probeCap)
	s.tries++
	return s.random(bound)
}

// idle is the wait, give or take a tenth, when the last contact was so long ago.
func (s *schedule) idle(since time.Duration) time.Duration {
	return probeIdle - since + s.random(probeIdle/5) - probeIdle/10
}

func (s *schedule) random(below time.Duration) time.Duration {
	return time.Duration(s.rand.Int64N(int64(below) + 1))
}
