// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"net/http"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	// probeTimeout is as long as a scan has by default (platform.timeout): what is too slow for
	// a probe is too slow for a scan.
	probeTimeout = 8 * time.Second

	// noSession is a session that cannot exist. To ask for it needs a good key, creates nothing,
	// and is answered 404; with a bad key, 401.
	noSession = "ses_tagbase-edge-probe"
)

// A probe is what came of a harmless GET.
type probe struct {
	status     int         // 0 without an answer
	reason     scan.Reason // why there is no answer, or none of use; "" if all is well
	retryAfter time.Duration
}

// good reports whether the platform answered as it does to a station whose key is good.
func (p probe) good() bool { return p.status == http.StatusNotFound || p.status/100 == 2 }

// probe asks the platform for the session that cannot exist, once.
func (p *Platform) probe(ctx context.Context) probe {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	a := newAttempts(p.dialer)
	a.release() // nothing holds a probe back

	resp, err := p.askForNoSession(ctx, a)
	if err != nil {
		p.metrics.count(0, a)
		return probe{reason: reasonOf(err)}
	}
	resp.Body.Close() // the status says it all

	p.metrics.count(resp.StatusCode, a)
	p.learnDate(resp, a)

	result := probe{status: resp.StatusCode, retryAfter: retryAfter(resp)}
	switch {
	case result.status == http.StatusUnauthorized:
		result.reason = scan.ReasonKey
	case !result.good():
		result.reason = scan.ReasonServer
	}

	return result
}

// askForNoSession makes one GET that creates nothing at the platform. The caller closes the
// answer's body.
func (p *Platform) askForNoSession(ctx context.Context, a *attempts) (*http.Response, error) {
	req, err := p.newRequest(ctx, http.MethodGet, nil, "sessions", noSession)
	if err != nil {
		return nil, err
	}

	return p.client(a).Do(req)
}
