// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// A connection goes on with the TLS session of the one before, and is as good a proof of the time.
func TestTLSSessionIsResumed(t *testing.T) {
	authority, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	end := time.Now().Add(24 * time.Hour)
	cert, err := authority.Issue(time.Now().Add(-time.Hour), end, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}

	server, err := simplatform.Serve(simplatform.New("key_test:"+secret), "127.0.0.1:0", cert)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())

	base, err := ParseBaseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}

	p := NewPlatform(Config{Base: base, Key: testKey(t), Roots: roots, Clock: NewClock(time.Now)})

	for n := range 3 {
		if r := submit(t, p, scanA); r.Status == 0 { // with the answer comes the ticket
			t.Fatalf("%s %s: %v", r.Outcome, r.Reason, r.Err)
		}

		l, err := p.dialer.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}

		if !l.Conn.(*tls.Conn).ConnectionState().DidResume {
			t.Errorf("connection %d did not resume the session", n)
		}
		if l.proof.to.Sub(end).Abs() > time.Second {
			t.Errorf("connection %d proves the time until %v, want %v", n, l.proof.to, end)
		}

		l.Close()
	}
}
