// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	askEvery    = 5 * time.Second // at most one probe in this time on behalf of taps
	rereadEvery = 5 * time.Second // between readings of the key's file while the key is refused
)

// Watch observes the platform until ctx ends: seldom while all is well, with growing and random
// pauses while it is lost, so that a fleet does not come back all at once, and at once when a
// person taps in vain. It calls learned after each probe, and turn at each turn of its loop;
// turns are no more than rereadEvery and probeTimeout apart.
func (p *Platform) Watch(ctx context.Context, learned, turn func()) {
	s := newSchedule()
	next := time.NewTimer(s.first())
	defer next.Stop()
	reread := time.NewTicker(rereadEvery)
	defer reread.Stop()

	for {
		turn()

		// If several are ready any may win: the others stay ready for the next turn.
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

			// A scan has met the platform lately: that was as good as a probe.
			if since := p.sinceContact(); since < probeIdle && p.Trouble() == "" {
				next.Reset(s.idle(since))
				continue
			}
		}

		// The platform has asked not even to be probed.
		if wait := p.breaker.probePause(time.Now()); wait > 0 {
			next.Reset(wait + s.random(wait/10))
			continue
		}

		result := p.probe(ctx)
		p.breaker.learnFromProbe(result, time.Now())
		began := p.note(result.reason)
		learned()

		if began && result.retryAfter == 0 {
			next.Reset(s.lost())
		} else {
			next.Reset(s.after(result))
		}
	}
}

// ask makes Watch probe at once for a person who tapped in vain, or as soon as askEvery has
// passed since the last time.
func (p *Platform) ask() {
	now, last := time.Since(p.born), p.lastAsk.Load()
	due := max(now, time.Duration(last)+askEvery)

	// last may lie ahead: then a probe is due already. Of two taps at once, one wins the swap.
	if time.Duration(last) <= now && p.lastAsk.CompareAndSwap(last, int64(due)) {
		time.AfterFunc(due-now, func() { wake(p.asked) })
	}
}

// wake leaves a word for Watch, unless one is waiting there already.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// SetKey puts another key in use, with which scans may be posted again.
func (p *Platform) SetKey(key Key) {
	p.key.Store(&key)
	p.breaker.unlatch()
	wake(p.asked)
}

// refreshKey reads the key again while it is refused, and reports whether it has changed.
func (p *Platform) refreshKey() bool {
	if p.reload == nil || !p.KeyRefused() {
		return false
	}
	key, err := p.reload()
	if err != nil || key.bearer() == p.key.Load().bearer() {
		return false
	}

	p.key.Store(&key)
	p.breaker.unlatch()

	return true
}

// Trouble is why the platform could not be used when it was last tried: the key, the network,
// DNS, TLS or the clock; or "".
func (p *Platform) Trouble() scan.Reason {
	if r := p.trouble.Load(); r != nil {
		return *r
	}

	return ""
}

// note keeps what the last contact came to, and reports whether trouble has begun with it.
func (p *Platform) note(trouble scan.Reason) (began bool) {
	if trouble == "" {
		p.contact.Store(int64(time.Since(p.born)))
	}
	old := p.trouble.Swap(&trouble)

	return trouble != "" && (old == nil || *old == "")
}

// Met reports whether the platform has answered in good order since the start.
func (p *Platform) Met() bool { return p.contact.Load() >= 0 }

// sinceContact is how long ago the platform last answered in good order.
func (p *Platform) sinceContact() time.Duration {
	return time.Since(p.born) - time.Duration(p.contact.Load())
}

// troubleOf is what an answer says about the station or the platform, as against the tag.
func troubleOf(a Answer) scan.Reason {
	switch {
	case a.cut:
		return scan.ReasonNoAnswer
	case a.Outcome == scan.NotSent,
		a.Reason == scan.ReasonKey,
		a.Reason == scan.ReasonNoAnswer,
		a.Reason == scan.ReasonServer:
		return a.Reason
	default:
		return ""
	}
}
