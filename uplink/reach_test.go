// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"crypto/x509"
	"net"
	"net/url"
	"testing"
	"time"

	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// Each way in which the platform cannot be used ends the examination where it shows.
func TestReachEndsWhereTheFaultShows(t *testing.T) {
	authority, other := newAuthority(t), newAuthority(t)
	from, to := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)

	for name, tt := range map[string]struct {
		issuer   *simplatform.Authority
		host     string
		from, to time.Time
		key      string
		port     string // instead of the server's
		name     string // instead of 127.0.0.1
		want     string // "", or where it ended
		status   int
		clock    bool
	}{
		"good":              {issuer: authority, status: 404},
		"key refused":       {issuer: authority, key: "key_test:other", status: 401},
		"no such name":      {issuer: authority, name: "nowhere.invalid", want: "DNS"},
		"nobody listens":    {issuer: authority, port: closedPort(t), want: "TCP"},
		"unknown authority": {issuer: other, want: "TLS"},
		"another name":      {issuer: authority, host: "platform.example.com", want: "TLS"},
		"expired":           {issuer: authority, from: from.AddDate(-1, 0, 0), to: from, want: "TLS", clock: true},
		"not yet valid":     {issuer: authority, from: to, to: to.AddDate(1, 0, 0), want: "TLS", clock: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.host == "" {
				tt.host = "127.0.0.1"
			}
			if tt.from.IsZero() {
				tt.from, tt.to = from, to
			}

			cert, err := tt.issuer.Issue(tt.from, tt.to, tt.host)
			if err != nil {
				t.Fatal(err)
			}

			platform := simplatform.New("key_test:" + secret)
			server, err := simplatform.Serve(platform, "127.0.0.1:0", cert)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()

			base, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}

			if tt.port != "" {
				base.Host = "127.0.0.1:" + tt.port
			}
			if tt.name != "" {
				base.Host = tt.name
			}

			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(authority.PEM())

			if tt.key == "" {
				tt.key = "key_test:" + secret
			}
			key, err := ParseKey([]byte(tt.key))
			if err != nil {
				t.Fatal(err)
			}

			x := NewPlatform(Config{Base: base, Key: key, Roots: roots,
				Clock: NewClock(time.Now)}).CheckReach(t.Context())
			if got := x.ended(); got != tt.want || x.Status != tt.status || x.Clock != tt.clock {
				t.Errorf("it ended at %q with status %d, clock %v: %+v", got, x.Status, x.Clock, x)
			}
			if x.Status != 0 && (x.Date.IsZero() || x.Expires.IsZero() || len(x.Addresses) == 0) {
				t.Errorf("something is missing: %+v", x)
			}
			if n := len(platform.Posts()); n != 0 {
				t.Errorf("%d verifications came of it", n)
			}
		})
	}
}

// ended is the name of the first error.
func (x Reach) ended() string {
	for _, e := range []struct {
		name string
		err  error
	}{{"DNS", x.DNS}, {"TCP", x.TCP}, {"TLS", x.TLS}, {"HTTP", x.HTTP}} {
		if e.err != nil {
			return e.name
		}
	}

	return ""
}

func newAuthority(t *testing.T) *simplatform.Authority {
	t.Helper()
	authority, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

// closedPort is one on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// A connection that is lost in the handshake is the network's failure, not the certificate's.
func TestReachOfALostHandshakeBlamesTheNetwork(t *testing.T) {
	for name, lose := range map[string]func(*simplatform.Call){"closed": (*simplatform.Call).Finish,
		"silence": (*simplatform.Call).Hang} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p := newBadServer(t, lose)
			if x := p.CheckReach(t.Context()); x.TLS == nil || !x.Lost || x.Clock {
				t.Errorf("got %+v, want TLS lost", x)
			}
		})
	}
}
