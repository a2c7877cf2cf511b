// SPDX-License-Identifier: Apache-2.0

package station

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// lampOf is which lamp shows an outcome (the table in docs/sending.md).
var lampOf = map[string]sim.Lit{
	"pending": amber, "valid": green, "invalid": red,
	"unknown": amber, "not_sent": amber, "refused": amber,
}

// codeOf is the service code that a reason raises; the other reasons raise none.
var codeOf = map[string]scan.ServiceCode{
	"network":   scan.ServicePlatformUnreachable,
	"dns":       scan.ServicePlatformUnreachable,
	"no_answer": scan.ServicePlatformUnreachable,
	"server":    scan.ServicePlatformUnreachable,
	"tls":       scan.ServiceClockOrCertificate,
	"clock":     scan.ServiceClockOrCertificate,
	"key":       scan.ServiceKeyRefused,
}

const faultTime = 2 * time.Second // from tap to verdict

// A platformFault is a row of the decision table: what the network, TLS or the platform
// does on each connection, what that is, and how often the proof is read.
type platformFault struct {
	name            string
	does            func(c *simplatform.Call)
	outcome, reason string
	reads           int
}

// afterReading reads the whole request and then goes on.
func afterReading(then func(c *simplatform.Call)) func(c *simplatform.Call) {
	return func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			then(c)
		}
	}
}

// reply reads the whole request and answers it.
func reply(status int, body string, headers ...string) func(c *simplatform.Call) {
	return afterReading(func(c *simplatform.Call) { c.Answer(status, body, headers...) })
}

// verification is an answer of the platform, with members replaced.
func verification(status string, replace ...string) string {
	doc := `{"data":{"type":"verifications","id":"vrf_1","attributes":{"status":"` + status +
		`","inserted_at":"2026-06-08T12:34:56.123456Z"},` +
		`"relationships":{"session":{"data":{"type":"sessions","id":"ses_1"}},` +
		`"tag":{"data":{"type":"tags","id":"tag_a"}}}}}`
	return strings.NewReplacer(replace...).Replace(doc)
}

const head = "HTTP/1.1 201 Created\r\nContent-Type: application/vnd.api+json\r\n"

// drip sends a byte at a time, for as long as somebody listens.
func drip(c *simplatform.Call, text string) {
	for i := 0; ; i++ {
		if !c.Send("%c", text[i%len(text)]) {
			return
		}
		await.Elapse(20 * time.Millisecond)
	}
}

// pour sends the text again and again without a pause, for as long as somebody listens.
func pour(c *simplatform.Call, text string) {
	for c.Send("%s", text) {
	}
}

var platformFaults = []platformFault{
	// Before a byte of the request is written.
	{"accept and reset", func(c *simplatform.Call) { c.Reset() }, "not_sent", "network", 0},
	{"accept and close", func(c *simplatform.Call) { c.Finish() }, "not_sent", "network", 0},
	{"accept and hang", func(c *simplatform.Call) { c.Hang() }, "not_sent", "network", 0},
	{"no TLS", func(c *simplatform.Call) { c.SendPlain("HTTP/1.1 400 Bad Request\r\n\r\n") }, "not_sent", "tls", 0},
	{"not even HTTP", func(c *simplatform.Call) { c.SendPlain("220 mail.example.com ESMTP\r\n") }, "not_sent", "tls",
		0},

	// Whether it left us before the reset or the FIN came is a matter of luck: if it
	// is proven that it did not, it is sent again; the platform reads nothing of it.
	{"reset after the handshake", func(c *simplatform.Call) { c.Handshake(); c.Reset() }, "not_sent or unknown",
		"network or no_answer", 0},
	{"close after the handshake", func(c *simplatform.Call) { c.Handshake(); c.Finish() }, "not_sent or unknown",
		"network or no_answer", 0},

	// After it.
	{"reset after the headers", func(c *simplatform.Call) {
		if c.Handshake() {
			c.ReadHead()
			c.Reset()
		}
	}, "unknown", "no_answer", 1},
	{"reset after the body", afterReading((*simplatform.Call).Reset), "unknown", "no_answer", 1},
	{"FIN without an answer", afterReading((*simplatform.Call).Finish), "unknown", "no_answer", 1},
	{"hang", afterReading((*simplatform.Call).Hang), "unknown", "no_answer", 1},
	{"reset in the answer's head", afterReading(func(c *simplatform.Call) { c.Send("HTTP/1.1 201 Cre"); c.Reset() }),
		"unknown", "no_answer", 1},
	{"slow-loris headers", afterReading(func(c *simplatform.Call) { c.Send(head); drip(c, "X-Slow: yes\r\n") }),
		"unknown", "no_answer", 1},
	{"huge headers", afterReading(func(c *simplatform.Call) {
		c.Send(head)
		pour(c, "X-Huge: "+strings.Repeat("x", 1000)+"\r\n")
	}), "unknown", "no_answer", 1},
	{"not HTTP", afterReading(func(c *simplatform.Call) { c.Send("220 mail.example.com ESMTP\r\n") }), "unknown",
		"no_answer", 1},

	// 2xx, and not usable.
	{"reset in the body", afterReading(func(c *simplatform.Call) {
		c.Send(head + "Content-Length: 500\r\n\r\n{\"data\":")
		c.Reset()
	}), "unknown", "bad_answer", 1},
	{"slow-loris body", afterReading(func(c *simplatform.Call) {
		c.Send(head + "Content-Length: 500\r\n\r\n")
		drip(c, " ")
	}), "unknown", "bad_answer", 1},
	{"endless body", afterReading(func(c *simplatform.Call) {
		c.Send(head + "\r\n")
		pour(c, strings.Repeat(" ", 4096))
	}), "unknown", "bad_answer", 1},
	{"wrong type", afterReading(func(c *simplatform.Call) {
		body := verification("valid")
		c.Send("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body),
			body)
	}), "unknown", "bad_answer", 1},
	{"cut JSON", reply(201, verification("valid")[:100]), "unknown", "bad_answer", 1},
	{"unknown status word", reply(201, verification("genuine")), "unknown", "bad_answer", 1},
	{"pending without a session", reply(201, verification("pending",
		`"session":{"data":{"type":"sessions","id":"ses_1"}},`, "")), "unknown", "bad_answer", 1},
	{"a session that is none", reply(201, verification("valid", "ses_1", "acc_1")), "unknown", "bad_answer", 1},
	{"another tag", reply(201, verification("valid", "tag_a", "tag_b")), "unknown", "bad_answer", 1},
	{"no content", afterReading(func(c *simplatform.Call) { c.Send("HTTP/1.1 204 No Content\r\n\r\n") }), "unknown",
		"bad_answer", 1},

	// Answers.
	{"pending", reply(201, verification("pending")), "pending", "", 1},
	{"valid", reply(201, verification("valid")), "valid", "", 1},
	{"invalid", reply(201, verification("invalid")), "invalid", "", 1},
	{"valid without a session", reply(201, verification("valid",
		`"session":{"data":{"type":"sessions","id":"ses_1"}},`, "")), "valid", "", 1},
	{"valid in a foreign session", reply(201, verification("valid", "ses_1", "ses_of_others")), "valid", "", 1},

	{"400", reply(400, ""), "refused", "request", 1},
	{"401", reply(401, ""), "refused", "key", 1},
	{"402", reply(402, ""), "refused", "request", 1},
	{"403", reply(403, ""), "refused", "tag", 1},
	{"404", reply(404, ""), "refused", "tag", 1},
	{"405", reply(405, ""), "refused", "request", 1},
	{"406", reply(406, ""), "refused", "request", 1},
	{"408", reply(408, ""), "unknown", "server", 1},
	{"409", reply(409, ""), "refused", "request", 1},
	{"413", reply(413, ""), "refused", "request", 1},
	{"415", reply(415, ""), "refused", "request", 1},
	{"422", reply(422, ""), "refused", "request", 1},
	{"425", reply(425, ""), "unknown", "server", 1},
	{"431", reply(431, ""), "refused", "request", 1},
	{"a 404 that holds a verdict", reply(404, verification("valid")), "refused", "tag", 1},
	{"a 500 that holds a verdict", reply(500, verification("valid")), "unknown", "server", 1},
}

// retryAfterHeaders are every form of Retry-After; none of them has a scan sent again.
var retryAfterHeaders = []string{
	"", "Retry-After: 0", "Retry-After: 1", "Retry-After: 86400", "Retry-After: -1", "Retry-After: soon",
	"Retry-After: Mon, 08 Jun 2020 12:00:00 GMT", "Retry-After: Mon, 08 Jun 2099 12:00:00 GMT",
}

func allPlatformFaults(others []*simplatform.BadServer, certs map[string]tls.Certificate) []platformFault {
	all := append([]platformFault(nil), platformFaults...)
	for _, header := range retryAfterHeaders {
		for _, status := range []int{429, 500, 501, 502, 503, 504} {
			outcome, reason := "unknown", "server"
			if status == 429 {
				outcome, reason = "refused", "busy"
			}
			var headers []string
			if header != "" {
				headers = []string{header}
			}

			all = append(all, platformFault{fmt.Sprint(status, " ", header), reply(status, "", headers...), outcome,
				reason, 1})
		}
	}

	to := []string{"/api/v1/tags/tag_b/verifications"}
	for _, other := range others {
		to = append(to, other.URL, strings.Replace(other.URL, "127.0.0.1", "localhost", 1))
	}

	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		for _, location := range to {
			all = append(all, platformFault{fmt.Sprint(status, " to ", location),
				reply(status, "", "Location: "+location), "refused", "redirect", 1})
		}
	}

	for name, reason := range map[string]string{"expired": "clock", "not yet valid": "clock", "wrong name": "tls",
		"unknown CA": "tls"} {
		all = append(all, platformFault{name, func(c *simplatform.Call) { c.HandshakeAs(certs[name]) }, "not_sent",
			reason, 0})
	}

	return all
}

// badCertificates are certificates of every kind that must not be taken. One ten
// years off is also what a good one is to a clock that is ten years off.
func badCertificates(t *testing.T, authority *simplatform.Authority) map[string]tls.Certificate {
	t.Helper()
	stranger, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	now := time.Now()
	certs := map[string]tls.Certificate{}

	for _, c := range []struct {
		name     string
		by       *simplatform.Authority
		from, to int // years from now
		host     string
	}{
		{"expired", authority, -11, -10, "127.0.0.1"},
		{"not yet valid", authority, 10, 11, "127.0.0.1"},
		{"wrong name", authority, -1, 1, "platform.example.com"},
		{"unknown CA", stranger, -1, 1, "127.0.0.1"},
	} {
		cert, err := c.by.Issue(now.AddDate(c.from, 0, 0), now.AddDate(c.to, 0, 0), c.host)
		if err != nil {
			t.Fatal(err)
		}
		certs[c.name] = cert
	}

	return certs
}

// Every way in which network, TLS and platform can fail ends in one outcome and
// one lamp in time; the platform reads a proof at most once; and nothing of it or
// of the key reaches anybody else.
func TestEveryPlatformFaultHasOneOutcomeAndOneLamp(t *testing.T) {
	authority, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1", "localhost")
	if err != nil {
		t.Fatal(err)
	}

	other, err := simplatform.NewBadServer(cert, func(c *simplatform.Call) { reply(201, verification("valid"))(c) })
	if err != nil {
		t.Fatal(err)
	}

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())

	// The group ends when its parallel rows have: only then has nobody else been asked.
	t.Run("row", func(t *testing.T) {
		for _, f := range allPlatformFaults([]*simplatform.BadServer{other}, badCertificates(t, authority)) {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				server, err := simplatform.NewBadServer(cert, f.does)
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()

				f.check(newTestStationAt(t, server.URL, roots, faultTime), server)
			})
		}
	})

	if n := other.Connections(); n != 0 {
		t.Errorf("%d connections to another host or port, want none", n)
	}

	other.Close()
}

func (f platformFault) check(r *testStation, server *simplatform.BadServer) {
	r.Helper()
	r.enter()
	r.awaitLamps(amber)
	tapped := time.Now()
	r.read(tagA)
	line := r.wantScan(f.outcome, f.reason)
	r.awaitLamps(lampOf[line["outcome"].(string)])

	// A station gives a scan eight seconds, a row a quarter of that; what comes after
	// the deadline is the machine's, and a tenth of it is plenty.
	if took := time.Since(tapped); took > faultTime+faultTime/2 {
		r.Errorf("the lamp came after %v, want at most %v or so", took, faultTime)
	}

	want := codeOf[line["reason"].(string)]
	if strings.Contains(f.name, "body") && f.outcome == "unknown" && f.name != "reset after the body" &&
		f.name != "endless body" {
		want = scan.ServicePlatformUnreachable // an answer that did not come to its end
	}
	if got := r.station.services.showing(); got != want {
		r.Errorf("service code %d, want %d", got, want)
	}

	changes, _ := r.lamps.Changes(0)
	for _, c := range changes {
		if c.Lit[sim.Green] && f.outcome != "valid" || c.Lit[sim.Red] && f.outcome != "invalid" {
			r.Errorf("%v was lit for %s", c.Lit, f.outcome)
		}
	}

	r.stop()
	server.Close()
	if got := server.Reads("/api/v1/tags/tag_a/verifications"); got != f.reads {
		r.Errorf("the proof was read %d times, want %d (%v)", got, f.reads, line)
	}
	if n := server.Reads("/api/v1/tags/tag_b/verifications") + server.Reads("?"); n != 0 {
		r.Errorf("%d requests elsewhere", n)
	}
}
