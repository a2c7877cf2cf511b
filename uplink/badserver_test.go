// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"crypto/x509"
	"testing"
	"time"

	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

const validAnswer = `{"data":{"type":"verifications","id":"vrf_1","attributes":{"status":"valid"}}}`

// answerValid is a platform in good order.
func answerValid(c *simplatform.Call) {
	if c.Handshake() && c.Read() {
		c.Answer(201, validAnswer)
	}
}

// newBadServer starts a server and a platform that trusts it.
func newBadServer(t *testing.T, behave func(*simplatform.Call)) (*simplatform.BadServer, *Platform) {
	t.Helper()
	server, authority := trustedBadServer(t, behave)
	return server, badServerPlatform(t, server, authority, NewClock(time.Now))
}

// trustedBadServer starts a server with a good certificate of the authority.
func trustedBadServer(t *testing.T, behave func(*simplatform.Call)) (*simplatform.BadServer, *simplatform.Authority) {
	t.Helper()
	authority, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}

	server, err := simplatform.NewBadServer(cert, behave)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })

	return server, authority
}

func badServerPlatform(t *testing.T, server *simplatform.BadServer, authority *simplatform.Authority,
	clock *Clock) *Platform {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())
	base, err := ParseBaseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}

	return NewPlatform(Config{Base: base, Key: testKey(t), Roots: roots, Clock: clock})
}

const pathA = "/api/v1/tags/tag_a/verifications"
