// SPDX-License-Identifier: Apache-2.0

// Package uplink turns a tap URL into a scan, submits it to the platform once,
// and says what came of it.
//
// The platform has no idempotency keys: every POST creates a verification, and
// a captured proof that is posted twice can turn a genuine object invalid. So a
// scan is posted again only if it is proven that no byte of it left us, over
// HTTP/1.1, on a connection of its own, with redirects off. Everything that
// comes from the platform is checked as hard as what comes from a tag.
//
//	tap URL -> Tags.Scan -> gate -> sending (seal, resends) -> dialer -> platform -> Result
package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/tagbase/tagbase-edge/scan"
)

const maxHeader = 32 << 10 // bytes of an answer's header

// A Config is what a Platform is made of.
type Config struct {
	Base  *url.URL
	Key   Key
	Roots *x509.CertPool // nil: the system's
	Clock *Clock
	// Reload reads the key anew. It is asked while the platform refuses the key
	// that we have. May be nil.
	Reload func() (Key, error)
	Log    retryablehttp.LeveledLogger // of single attempts; may be nil
}

// A Platform is where scans go. It is safe for concurrent use.
type Platform struct {
	base    *url.URL
	key     atomic.Pointer[Key]
	reload  func() (Key, error)
	clock   *Clock
	dialer  *dialer
	client  *retryablehttp.Client
	gate    gate
	trouble atomic.Pointer[scan.Reason]
	born    time.Time
	contact atomic.Int64  // the last one in good order, ns since born
	asked   chan struct{} // to Watch: probe at once
	lastAsk atomic.Int64  // ns since born
	lost    chan struct{} // to Watch: trouble has begun
	date    atomic.Pointer[datum]
	counts  *counts
}

// NewPlatform makes a Platform; it talks to nobody yet.
func NewPlatform(c Config) *Platform {
	counts := newCounts()
	p := &Platform{
		base:   c.Base,
		reload: c.Reload,
		clock:  c.Clock,
		dialer: newDialer(c.Base, c.Roots, c.Clock),
		counts: counts,
		born:   time.Now(),
		asked:  make(chan struct{}, 1),
		lost:   make(chan struct{}, 1),
	}
	p.dialer.counts = counts
	p.key.Store(&c.Key)
	p.contact.Store(int64(-probeIdle))
	p.lastAsk.Store(int64(-askEvery))
	p.client = &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: unredirected{&http.Transport{
				Proxy:                  nil, // never from the environment
				DialContext:            p.conn,
				DialTLSContext:         p.conn,
				DisableKeepAlives:      true, // on a used connection an EOF proves nothing
				DisableCompression:     true,
				ForceAttemptHTTP2:      false,
				TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
				MaxResponseHeaderBytes: maxHeader,
			}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryWaitMin: resendFirst,
		RetryWaitMax: resendLast,
		RetryMax:     1 << 20, // checkRetry has the say
		CheckRetry:   checkRetry,
		Backoff:      backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if c.Log != nil {
		p.client.Logger = c.Log
	}
	return p
}

// unredirected takes a redirect's Location away: http.Client reads it before it
// asks whether to follow, and loses the answer if it cannot.
type unredirected struct{ http.RoundTripper }

func (u unredirected) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := u.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Header.Del("Location")
	}
	return resp, err
}

// conn makes the connection of one attempt. The address that net/http asks for
// is always the platform's: no redirect is followed.
func (p *Platform) conn(ctx context.Context, _, _ string) (net.Conn, error) {
	if s := sendingOf(ctx); s != nil {
		return s.conn(ctx, p.dialer)
	}
	return p.dialer.dial(ctx)
}

// ParseBaseURL takes the platform's base address. Plain http is for loopback only,
// since the key goes with every request.
func ParseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%.80q is not a URL of scheme, host and path", s)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	default:
		return nil, fmt.Errorf("%.80q must begin with https://", s)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Ahead begins to connect, for a scan that is about to come.
func (p *Platform) Ahead() {
	if p.gate.admit(time.Now()) == "" {
		p.dialer.ahead(tapWait)
	}
}

// Submit posts the scan of a tap, unless the gate is closed. It returns no later
// than ctx's deadline. After a pending one it connects for the next. A scan whose ctx ends
// while its Hold holds is not sent, and that is nobody's failure.
func (p *Platform) Submit(ctx context.Context, sub Scan, tapped time.Time) Result {
	if reason := p.gate.admit(time.Now()); reason != "" {
		p.ask()
		return Result{Outcome: scan.NotSent, Reason: reason}
	}
	body, err := sub.encode()
	if err != nil {
		return Result{Outcome: scan.NotSent, Reason: scan.ReasonNetwork, Err: err}
	}
	s := newSending(tapped.Add(resendWithin))
	s.ahead, s.next, s.hold = true, sub.Next, sub.Hold
	req, err := p.request(s.in(ctx), http.MethodPost, body, "tags", sub.Tag, "verifications")
	if err != nil {
		return Result{Outcome: scan.NotSent, Reason: scan.ReasonNetwork, Err: err}
	}
	r := p.post(req, s, sub.Tag)
	if r.Outcome == scan.NotSent && ctx.Err() != nil && sub.Hold.holds() {
		return r
	}
	p.counts.request(r.Status, s, r.Answer)
	if r.Outcome == scan.Pending {
		p.dialer.ahead(nextWait)
	}
	p.gate.scanned(r, time.Now())
	if p.note(troubleOf(r)) {
		signal(p.lost)
	}
	return r
}

func (p *Platform) request(ctx context.Context, method string, body []byte, path ...string) (*retryablehttp.Request, error) {
	var raw any
	if body != nil {
		raw = body
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, method, p.base.JoinPath(path...).String(), raw)
	if err != nil {
		return nil, err
	}
	req.GetBody = nil // without it net/http cannot send a body a second time
	req.Header = http.Header{
		"Accept":        {MediaType},
		"Authorization": {p.key.Load().bearer()},
		"User-Agent":    {"tagbase-edge"},
	}
	if body != nil {
		req.Header.Set("Content-Type", MediaType)
	}
	return req, nil
}

func (p *Platform) post(req *retryablehttp.Request, s *sending, tag string) (r Result) {
	started := time.Now()
	defer func() {
		r.Connect = s.connected()
		r.Answer = s.hold.since(started) - r.Connect
	}()
	resp, err := p.client.Do(req)
	if err != nil {
		if why := s.close(err); why != nil {
			return Result{Outcome: scan.NotSent, Reason: reasonNotSent(why), Err: shown(why)}
		}
		return Result{Outcome: scan.Unknown, Reason: scan.ReasonNoAnswer, Err: shown(err)}
	}
	defer resp.Body.Close()
	if why := s.close(errMalformed); why != nil { // an answer to nothing: a proxy that is tired of waiting
		return Result{Outcome: scan.NotSent, Reason: scan.ReasonNetwork, Err: shown(why)}
	}
	p.dated(resp, s)
	r.Status, r.RetryAfter = resp.StatusCode, retryAfter(resp)
	if resp.StatusCode/100 != 2 {
		r.Outcome, r.Reason = outcomeOfStatus(resp.StatusCode)
		return r
	}
	r.Outcome, r.Verification, err = decodeVerification(resp.Header, resp.Body, tag)
	if err != nil {
		r.Outcome, r.Reason, r.Err, r.cut = scan.Unknown, scan.ReasonBadAnswer, shown(err), errors.Is(err, errCut)
	}
	return r
}

// dated keeps the Date of an answer; one that came over an authenticated
// connection raises the clock's floor too.
func (p *Platform) dated(resp *http.Response, s *sending) {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}
	p.date.Store(&datum{date, time.Now()})
	if proof := s.authenticated(); proof != (period{}) {
		p.clock.authenticated(date, proof)
	}
}

// A datum is a Date and when it came.
type datum struct{ date, came time.Time }

// Date is what the platform's clock shows now, by the newest answer's Date.
func (p *Platform) Date() (date time.Time, ok bool) {
	d := p.date.Load()
	if d == nil {
		return time.Time{}, false
	}
	return d.date.Add(time.Since(d.came)), true
}
