// SPDX-License-Identifier: Apache-2.0

// Package uplink turns a tap URL into a scan, submits it to the platform once,
// and says what came of it.
//
// The platform has no idempotency keys: every POST creates a verification, and
// a captured proof that is posted twice can turn a genuine object invalid. So a
// scan is posted at most once, on a connection of its own, over HTTP/1.1, with
// redirects off; and what failed is not_sent only if it is proven that no byte
// of it left us. Everything that comes from the platform is checked as hard as
// what comes from a tag.
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
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	dialTimeout = 3 * time.Second
	tlsTimeout  = 3 * time.Second
	maxHeader   = 32 << 10 // bytes of an answer's header
)

// A Platform is where scans go. It is safe for concurrent use.
type Platform struct {
	base   *url.URL
	key    Key
	client *retryablehttp.Client
}

// NewPlatform makes a platform of its base URL and the station's key. Certificates
// are checked against roots, or the system's if roots is nil.
func NewPlatform(base *url.URL, key Key, roots *x509.CertPool) *Platform {
	tlsConfig := &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    roots,
		ServerName: base.Hostname(),
		NextProtos: []string{"http/1.1"},
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	transport := &http.Transport{
		Proxy:                  nil, // never from the environment
		DialContext:            dialPlain(dialer),
		DialTLSContext:         dialTLS(dialer, tlsConfig),
		DisableKeepAlives:      true, // on a used connection an EOF proves nothing
		DisableCompression:     true,
		ForceAttemptHTTP2:      false,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
		MaxResponseHeaderBytes: maxHeader,
	}
	return &Platform{base: base, key: key, client: &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		CheckRetry:   func(context.Context, *http.Response, error) (bool, error) { return false, nil },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}}
}

// ParseBaseURL takes the platform's base address. Plain http is for loopback only,
// since the key goes with every request.
func ParseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is not a URL of scheme, host and path", s)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	default:
		return nil, fmt.Errorf("%q must begin with https://", s)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Submit posts a scan. It never returns later than ctx's deadline allows.
func (p *Platform) Submit(ctx context.Context, scan Scan) Result {
	body, err := scan.encode()
	if err != nil {
		return Result{Outcome: NotSent, Reason: NotSentNetwork, Err: err}
	}
	s := &seal{}
	address := p.base.JoinPath("tags", scan.Tag, "verifications").String()
	req, err := retryablehttp.NewRequestWithContext(withSeal(ctx, s), http.MethodPost, address, body)
	if err != nil {
		return Result{Outcome: NotSent, Reason: NotSentNetwork, Err: err}
	}
	req.GetBody = nil // without it net/http cannot send a body a second time
	req.Header = http.Header{
		"Accept":        {MediaType},
		"Authorization": {p.key.bearer()},
		"Content-Type":  {MediaType},
		"User-Agent":    {"tagbase-edge"},
	}
	return p.post(req, s, scan.Tag)
}

func (p *Platform) post(req *retryablehttp.Request, s *seal, tag string) (r Result) {
	started := time.Now()
	defer func() {
		r.Connect = time.Duration(s.connect.Load())
		r.Answer = time.Since(started) - r.Connect
	}()
	resp, err := p.client.Do(req)
	if err != nil {
		if s.close() {
			return Result{Outcome: NotSent, Reason: reasonNotSent(err), Err: err}
		}
		return Result{Outcome: Unknown, Reason: UnknownNoAnswer, Err: err}
	}
	defer resp.Body.Close()
	r.Status = resp.StatusCode
	if resp.StatusCode/100 != 2 {
		r.Outcome, r.Reason = outcomeOfStatus(resp.StatusCode)
		return r
	}
	r.Outcome, r.Verification, r.Err = decodeVerification(resp.Header, resp.Body, tag)
	if r.Err != nil {
		r.Outcome, r.Reason = Unknown, UnknownBadAnswer
	}
	return r
}

// reasonNotSent tells by its type why a connection was not made.
func reasonNotSent(err error) Reason {
	var (
		dns     *net.DNSError
		verify  *tls.CertificateVerificationError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &dns):
		return NotSentDNS
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return NotSentClock
	case errors.As(err, &verify), errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return NotSentTLS
	default:
		return NotSentNetwork
	}
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func dialPlain(d *net.Dialer) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		started := time.Now()
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return sealed(ctx, c, started), nil
	}
}

func dialTLS(d *net.Dialer, config *tls.Config) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		started := time.Now()
		raw, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := tls.Client(raw, config)
		ctxTLS, cancel := context.WithTimeout(ctx, tlsTimeout)
		defer cancel()
		if err := c.HandshakeContext(ctxTLS); err != nil {
			raw.Close()
			return nil, err
		}
		return sealed(ctx, c, started), nil
	}
}
