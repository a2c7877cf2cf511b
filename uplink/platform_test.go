// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
)

const secret = "s3cr3t-of-the-test"

func testKey(t *testing.T) Key {
	t.Helper()
	key, err := ParseKey([]byte("key_test:" + secret + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// serve starts a real TLS server and a platform that trusts it.
func serve(t *testing.T, handler http.HandlerFunc) *Platform {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	base, err := ParseBaseURL(server.URL + "/api/v1")
	if err != nil {
		t.Fatal(err)
	}

	return NewPlatform(Config{Base: base, Key: testKey(t), Roots: roots, Clock: NewClock(time.Now)})
}

var scanA = scan.Submission{Tag: "tag_a", Params: map[string]string{"e": "EF96", "c": "<&>\u2028"}}

// submit posts the submission of a tap that has just begun.
func submit(t *testing.T, p *Platform, sub scan.Submission) Answer {
	t.Helper()

	return submitWithin(p, sub, time.Now(), 5*time.Second)
}

// submitWithin posts the submission of a tap, which must have its answer within the timeout.
func submitWithin(p *Platform, sub scan.Submission, tapped time.Time, timeout time.Duration) Answer {
	return p.Prepare(sub, Plan{Tapped: tapped, By: time.Now().Add(timeout)}).Send()
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", MediaType)
	w.WriteHeader(status)
	w.Write(body)
}

// The request is the documented one, to the byte, and nothing else.
func TestRequestIsTheDocumentedOne(t *testing.T) {
	type seen struct{ Line, Body, Type, Accept, Authorization, Idempotency string }
	for _, tt := range []struct{ session, relationships string }{
		{"", ""},
		{"ses_1", `,"relationships":{"session":{"data":{"type":"sessions","id":"ses_1"}}}`},
	} {
		var got seen
		p := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = seen{
				r.Method + " " + r.RequestURI + " " + r.Proto, string(body), r.Header.Get("Content-Type"),
				r.Header.Get("Accept"), r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"),
			}
			answer(w, 201, answerOf("pending"))
		})

		sub := scanA
		sub.Session = tt.session
		if r := submit(t, p, sub); r.Outcome != scan.Pending || r.Err != nil {
			t.Errorf("%+v", r)
		}

		want := seen{
			Line: "POST /api/v1/tags/tag_a/verifications HTTP/1.1",
			Body: `{"data":{"type":"verifications","attributes":{"c":"<&>\u2028","e":"EF96"}` +
				tt.relationships + `}}`,
			Type:          MediaType,
			Accept:        MediaType,
			Authorization: "Bearer key_test:" + secret,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	}
}

func TestOutcomeOfEachAnswer(t *testing.T) {
	good := string(answerOf("valid"))
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	tests := []struct {
		name    string
		status  int
		body    string
		outcome scan.Outcome
		reason  scan.Reason
	}{
		{"pending", 201, string(answerOf("pending")), scan.Pending, ""},
		{"valid", 201, good, scan.Valid, ""},
		{"invalid", 201, string(answerOf("invalid")), scan.Invalid, ""},
		{"any 2xx", 200, good, scan.Valid, ""},
		{"valid without a session", 201, replace(`"session":{"data":{"type":"sessions","id":"ses_1"}},`, ""),
			scan.Valid, ""},
		{"session null", 201, replace(`{"data":{"type":"sessions","id":"ses_1"}}`, `{"data":null}`), scan.Valid, ""},
		{"valid without a tag", 201, replace(`,"tag":{"data":{"type":"tags","id":"tag_a"}}`, ""), scan.Valid, ""},
		{"members that we do not know", 201, replace(`{"data"`, `{"jsonapi":{"version":"1.1"},"data"`), scan.Valid, ""},

		{"pending without a session", 201, strings.Replace(string(answerOf("pending")),
			`"session":{"data":{"type":"sessions","id":"ses_1"}},`, "", 1), scan.Unknown, scan.ReasonBadAnswer},
		{"another tag", 201, replace(`"id":"tag_a"`, `"id":"tag_b"`), scan.Unknown, scan.ReasonBadAnswer},
		{"not a tag", 201, replace(`"type":"tags"`, `"type":"accounts"`), scan.Unknown, scan.ReasonBadAnswer},
		{"not a session", 201, replace(`"type":"sessions"`, `"type":"tags"`), scan.Unknown, scan.ReasonBadAnswer},
		{"session id that is none", 201, replace(`ses_1`, `1`), scan.Unknown, scan.ReasonBadAnswer},
		{"not a verification", 201, replace(`"type":"verifications"`, `"type":"sessions"`), scan.Unknown,
			scan.ReasonBadAnswer},
		{"id that is none", 201, replace(`vrf_1`, `ses_1`), scan.Unknown, scan.ReasonBadAnswer},
		{"no id", 201, replace(`"id":"vrf_1",`, ``), scan.Unknown, scan.ReasonBadAnswer},
		{"unknown status word", 201, replace(`"valid"`, `"VALID"`), scan.Unknown, scan.ReasonBadAnswer},
		{"no status", 201, replace(`"status":"valid",`, ``), scan.Unknown, scan.ReasonBadAnswer},
		{"status in another case too", 201, replace(`"status":"valid"`, `"status":"invalid","Status":"valid"`),
			scan.Invalid, ""},
		{"status only in another case", 201, replace(`"status"`, `"Status"`), scan.Unknown, scan.ReasonBadAnswer},
		{"status twice", 201, replace(`"status":"valid"`, `"status":"invalid","status":"valid"`), scan.Unknown,
			scan.ReasonBadAnswer},
		{"data twice", 201, replace(`{"data"`, `{"data":{},"data"`), scan.Unknown, scan.ReasonBadAnswer},
		{"the same name in two objects", 201, replace(`{"data"`, `{"meta":[{"id":"a"},{"id":"b"},"id","id"],"data"`),
			scan.Valid, ""},
		{"status is a number", 201, replace(`"status":"valid"`, `"status":1`), scan.Unknown, scan.ReasonBadAnswer},
		{"data is an array", 201, `{"data":[` + good + `]}`, scan.Unknown, scan.ReasonBadAnswer},
		{"an array", 201, `[` + good + `]`, scan.Unknown, scan.ReasonBadAnswer},
		{"null", 201, `null`, scan.Unknown, scan.ReasonBadAnswer},
		{"cut", 201, good[:len(good)-2], scan.Unknown, scan.ReasonBadAnswer},
		{"more behind it", 201, good + "{}", scan.Unknown, scan.ReasonBadAnswer},
		{"empty", 201, "", scan.Unknown, scan.ReasonBadAnswer},
		{"64 KiB", 201, good + strings.Repeat(" ", maxAnswer-len(good)), scan.Valid, ""},
		{"longer", 201, good + strings.Repeat(" ", maxAnswer-len(good)+1), scan.Unknown, scan.ReasonBadAnswer},

		{"no body", 204, "", scan.Unknown, scan.ReasonBadAnswer},
		{"400", 400, "", scan.Refused, scan.ReasonRequest},
		{"401", 401, "", scan.Refused, scan.ReasonKey},
		{"403", 403, "", scan.Refused, scan.ReasonTag},
		{"404", 404, good, scan.Refused, scan.ReasonTag},
		{"408", 408, "", scan.Unknown, scan.ReasonServer},
		{"413", 413, "", scan.Refused, scan.ReasonRequest},
		{"415", 415, "", scan.Refused, scan.ReasonRequest},
		{"422", 422, "", scan.Refused, scan.ReasonRequest},
		{"425", 425, "", scan.Unknown, scan.ReasonServer},
		{"429", 429, "", scan.Refused, scan.ReasonBusy},
		{"431", 431, "", scan.Refused, scan.ReasonRequest},
		{"500", 500, good, scan.Unknown, scan.ReasonServer},
		{"503", 503, "", scan.Unknown, scan.ReasonServer},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var posts atomic.Int32
			p := serve(t, func(w http.ResponseWriter, r *http.Request) {
				posts.Add(1)
				answer(w, tt.status, []byte(tt.body))
			})

			r := submit(t, p, scanA)
			if r.Outcome != tt.outcome || r.Reason != tt.reason || r.Status != tt.status {
				t.Errorf("%s %s %d (%v), want %s %s %d", r.Outcome, r.Reason, r.Status, r.Err, tt.outcome, tt.reason,
					tt.status)
			}
			if (r.Verification.ID != "") != (r.Outcome == scan.Pending || r.Outcome.Verdict()) {
				t.Errorf("%s with verification %q", r.Outcome, r.Verification.ID)
			}
			if posts.Load() != 1 {
				t.Errorf("%d posts, want 1", posts.Load())
			}
		})
	}
}

func TestMediaTypesOfAnswers(t *testing.T) {
	for media, want := range map[string]scan.Outcome{
		MediaType:                     scan.Valid,
		MediaType + "; charset=utf-8": scan.Valid,
		"application/json":            scan.Unknown,
		"text/html":                   scan.Unknown,
		"":                            scan.Unknown,
	} {
		p := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = []string{media}
			w.WriteHeader(201)
			w.Write(answerOf("valid"))
		})

		if r := submit(t, p, scanA); r.Outcome != want {
			t.Errorf("type %q: %s, want %s", media, r.Outcome, want)
		}
	}
}

func TestAgeByThePlatformsClock(t *testing.T) {
	for date, want := range map[string]time.Duration{
		"Mon, 08 Jun 2026 12:34:58 GMT": 1876544 * time.Microsecond,
		"Mon, 08 Jun 2026 12:34:56 GMT": 0, // a Date has whole seconds
		"Mon, 08 Jun 2020 12:34:56 GMT": 0,
		"yesterday":                     0,
	} {
		p := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", date)
			answer(w, 201, answerOf("pending"))
		})

		if r := submit(t, p, scanA); r.Verification.Age != want || r.Verification.Session != "ses_1" {
			t.Errorf("Date %q: %+v, want age %v", date, r.Verification, want)
		}
	}
}

// No redirect is followed, wherever it leads.
func TestNoRedirectIsFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var others atomic.Int32
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { others.Add(1) }))
		defer other.Close()

		for _, to := range []string{"/api/v1/tags/tag_b/verifications", other.URL, "http://[::1", "/%zz",
			"https://127.0.0.1:1:2/"} {
			var posts atomic.Int32
			p := serve(t, func(w http.ResponseWriter, r *http.Request) {
				posts.Add(1)
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			})

			if r := submit(t, p, scanA); r.Outcome != scan.Refused || r.Reason != scan.ReasonRedirect {
				t.Errorf("%d to %s: %s %s", status, to, r.Outcome, r.Reason)
			}
			if posts.Load() != 1 || others.Load() != 0 {
				t.Errorf("%d to %s: %d posts and %d elsewhere, want 1 and 0", status, to, posts.Load(), others.Load())
			}
		}
	}
}

// What fails before a byte of the request left us is not_sent; after, unknown.
// Neither is posted again.
func TestBrokenConnectionIsUnknownAfterTheFirstByte(t *testing.T) {
	hijack := func(w http.ResponseWriter) net.Conn {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		return c
	}

	tests := []struct {
		name    string
		handler func(w http.ResponseWriter)
	}{
		{"closed without an answer", func(w http.ResponseWriter) { hijack(w).Close() }},
		{"cut in the header", func(w http.ResponseWriter) {
			c := hijack(w)
			io.WriteString(c, "HTTP/1.1 201 Created\r\nContent-")
			c.Close()
		}},
		{"not HTTP", func(w http.ResponseWriter) {
			c := hijack(w)
			io.WriteString(c, "220 mail.example.com ESMTP\r\n")
			c.Close()
		}},
		{"a header of 1 MiB", func(w http.ResponseWriter) {
			c := hijack(w)
			fmt.Fprintf(c, "HTTP/1.1 201 Created\r\nX: %s\r\n\r\n", strings.Repeat("x", 1<<20))
			c.Close()
		}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var posts atomic.Int32
			p := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				posts.Add(1)
				tt.handler(w)
			})

			if r := submit(t, p, scanA); r.Outcome != scan.Unknown || r.Reason != scan.ReasonNoAnswer {
				t.Errorf("%s %s (%v)", r.Outcome, r.Reason, r.Err)
			}
			if posts.Load() != 1 {
				t.Errorf("%d posts, want 1", posts.Load())
			}
		})
	}
}

// A server, or a proxy on the way, that sends our header back in an answer that is
// none does not get the key into our log, and not much else either.
func TestKeyInAnAnswerIsNotLogged(t *testing.T) {
	for name, text := range map[string]string{
		"first line":        "%s\r\n\r\n",
		"status":            "HTTP/1.1 %s\r\n\r\n",
		"header":            "HTTP/1.1 201 Created\r\n%s\r\n\r\n",
		"transfer encoding": "HTTP/1.1 201 Created\r\nTransfer-Encoding: %s\r\n\r\n",
		"content length":    "HTTP/1.1 201 Created\r\nContent-Length: %s\r\n\r\n",
		"location":          "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /%%zz%s\r\n\r\n",
		"content type":      "HTTP/1.1 201 Created\r\nContent-Type: %s\r\nContent-Length: 0\r\n\r\n",
	} {
		p := serve(t, func(w http.ResponseWriter, r *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			fmt.Fprintf(c, text, r.Header.Get("Authorization")+strings.Repeat("x", 1000))
			c.Close()
		})

		r := submit(t, p, scanA)
		if said := fmt.Sprint(r.Err); strings.Contains(said, secret) || len(said) > longestError+10 {
			t.Errorf("%s: %q", name, said)
		}
		if r.Outcome != scan.Unknown && r.Outcome != scan.Refused {
			t.Errorf("%s: %s %s", name, r.Outcome, r.Reason)
		}
	}
}

func TestScanBeyondItsDeadlineIsUnknownOrNotSent(t *testing.T) {
	// The answer is held until the test ends, or fails.
	held, end := context.WithTimeout(t.Context(), await.Patience)
	t.Cleanup(end)

	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-held.Done()
	})

	if r := submitWithin(p, scanA, time.Now(), 300*time.Millisecond); r.Outcome != scan.Unknown ||
		r.Reason != scan.ReasonNoAnswer {
		t.Errorf("%s %s (%v)", r.Outcome, r.Reason, r.Err)
	}
	if r := submitWithin(p, scanA, time.Now(), 0); r.Outcome != scan.NotSent {
		t.Errorf("after the deadline: %s %s (%v)", r.Outcome, r.Reason, r.Err)
	}
}

func TestReasonsOfNotSent(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()

	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()

	for _, tt := range []struct {
		name, url string
		reason    scan.Reason
	}{
		{"nobody listens", "https://" + closed.Addr().String(), scan.ReasonNetwork},
		{"no such host", "https://platform.invalid", scan.ReasonDNS},
		{"unknown authority", server.URL, scan.ReasonTLS},
		{"TLS 1.1", old.URL, scan.ReasonTLS},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), scan.ReasonTLS},
	} {
		base, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}

		r := submit(t, NewPlatform(Config{Base: base, Key: testKey(t), Clock: NewClock(time.Now)}), scanA)
		if r.Outcome != scan.NotSent || r.Reason != tt.reason {
			t.Errorf("%s: %s %s (%v), want not_sent %s", tt.name, r.Outcome, r.Reason, r.Err, tt.reason)
		}
		if r.Err == nil || strings.Contains(r.Err.Error(), secret) {
			t.Errorf("%s: error %v", tt.name, r.Err)
		}
	}
}

func TestParseBaseURL(t *testing.T) {
	for s, ok := range map[string]bool{
		"https://platform.tagbase.io/api/v1": true,
		"http://127.0.0.1:8080/api":          true,
		"http://[::1]/":                      true,
		"http://localhost:1/":                true,

		"http://platform.tagbase.io/api/v1": false,
		"http://localhost.example.com/":     false,
		"ftp://a/":                          false,
		"platform.tagbase.io":               false,
		"https://":                          false,
		"https://u:p@a.example/":            false,
		"https://a.example/?x":              false,
		"":                                  false,
	} {
		if _, err := ParseBaseURL(s); (err == nil) != ok {
			t.Errorf("%q: %v, want ok %t", s, err, ok)
		}
	}
}
