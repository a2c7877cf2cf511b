// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/tagbase/tagbase-edge/scan"
)

// maxHeader is how many bytes of an answer's header are read. The platform's are below 1 KiB.
const maxHeader = 32 << 10

// A Config is what a Platform is made from.
type Config struct {
	Base  *url.URL       // of ParseBaseURL
	Key   Key            // the station's credential
	Roots *x509.CertPool // the authorities to trust, nil: the system's
	Clock *Clock         // the time by which certificates are checked

	// Reload reads the key again. Watch calls it while the platform refuses the key in use.
	// May be nil.
	Reload func() (Key, error)
}

// A Platform is where scans go. It may be used from any goroutine.
type Platform struct {
	base    *url.URL
	key     atomic.Pointer[Key]
	reload  func() (Key, error)
	clock   *Clock
	dialer  *dialer
	breaker breaker
	metrics *metrics

	trouble atomic.Pointer[scan.Reason] // what the last contact came to; nil before the first
	born    time.Time
	contact atomic.Int64 // when the platform last answered in good order, ns since born; negative: never
	date    atomic.Pointer[dateReading]

	asked   chan struct{} // to Watch: probe at once
	lastAsk atomic.Int64  // when that was last asked or is due, ns since born
	lost    chan struct{} // to Watch: trouble has begun

	testOnlyTransport http.RoundTripper // in place of the network, in fake time
}

// NewPlatform makes a Platform; it talks to nobody yet.
func NewPlatform(c Config) *Platform {
	p := &Platform{
		base:    c.Base,
		reload:  c.Reload,
		clock:   c.Clock,
		dialer:  newDialer(c.Base, c.Roots, c.Clock),
		metrics: newMetrics(),
		born:    time.Now(),

		// One place each: to be asked twice before Watch looks is to be asked once.
		asked: make(chan struct{}, 1),
		lost:  make(chan struct{}, 1),
	}
	p.key.Store(&c.Key)

	// As long ago as makes the first probe and the first ask due at once.
	p.contact.Store(int64(-probeIdle))
	p.lastAsk.Store(int64(-askEvery))

	return p
}

// ParseBaseURL parses the platform's base address. Plain http is allowed to loopback only, since
// the key goes with every request.
func ParseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%.80q is not a URL of scheme, host and path", s)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	default:
		return nil, fmt.Errorf("%.80q must begin with https://", s)
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ConnectAhead begins to connect for a tap that has just begun, if a scan may be posted now.
func (p *Platform) ConnectAhead() {
	if p.breaker.admit(time.Now()) == "" {
		p.dialer.connectAhead(tapWait)
	}
}

// client is the HTTP client of one request that must not arrive twice. It is made for the
// request: net/http and go-retryablehttp tell their hooks nothing about the request that they
// are called for, and a client of its own needs no value hidden in a context.
func (p *Platform) client(a *attempts) *retryablehttp.Client {
	return p.clientFor(a.dial, a.mayRepeat)
}

// clientGET is the HTTP client of a GET that may be repeated.
func (p *Platform) clientGET() *retryablehttp.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dialer.dial(ctx) }

	return p.clientFor(dial, mayRepeatGET)
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// clientFor is a client that keeps nothing from one request to the next.
func (p *Platform) clientFor(dial dialFunc, mayRepeat retryablehttp.CheckRetry) *retryablehttp.Client {
	client := &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: withoutLocation{&http.Transport{
				Proxy:                  nil, // never from the environment
				DialContext:            dial,
				DialTLSContext:         dial,
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
		RetryMax:     1 << 20, // mayRepeat decides
		CheckRetry:   mayRepeat,
		Backoff:      backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if p.testOnlyTransport != nil {
		client.HTTPClient.Transport = p.testOnlyTransport
	}

	return client
}

// withoutLocation removes the Location of a redirect. http.Client reads it before it asks
// whether to follow, and loses the answer if it cannot read it.
type withoutLocation struct{ http.RoundTripper }

func (t withoutLocation) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Header.Del("Location")
	}

	return resp, err
}

// newRequest makes a request to a path below the base address. A nil body is none.
func (p *Platform) newRequest(ctx context.Context, method string, body []byte,
	path ...string) (*retryablehttp.Request, error) {
	var raw any // an untyped nil: go-retryablehttp takes a nil []byte for a body
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

// A dateReading is the Date of an answer, and when it arrived.
type dateReading struct{ date, arrived time.Time }

// learnDate keeps the Date of an answer. One that came over an authenticated connection also
// sets the clock by which certificates are checked.
func (p *Platform) learnDate(resp *http.Response, a *attempts) {
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}

	p.date.Store(&dateReading{date, time.Now()})
	if proof := a.certificates(); proof != (period{}) {
		p.clock.authenticated(date, proof)
	}
}

// Date is what the platform's clock shows now, by the Date of the newest answer; ok is false
// before the first.
func (p *Platform) Date() (date time.Time, ok bool) {
	d := p.date.Load()
	if d == nil {
		return time.Time{}, false
	}

	return d.date.Add(time.Since(d.arrived)), true
}
