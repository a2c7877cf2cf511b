// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// What failed before a byte was written is sent again, at most twice, within
// three seconds of the tap.
func TestScanIsSentAgainOnlyBeforeItsFirstByte(t *testing.T) {
	for _, tt := range []struct {
		name    string
		bad     int // connections that fail first
		tapped  time.Duration
		outcome scan.Outcome
		calls   int
	}{
		{"the first works", 0, 0, scan.Valid, 1},
		{"the second works", 1, 0, scan.Valid, 2},
		{"the third works", 2, 0, scan.Valid, 3},
		{"there is no fourth", 3, 0, scan.NotSent, 3},
		{"the tap was 3 s ago", 1, resendWithin, scan.NotSent, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, p := newBadServer(t, func(c *simplatform.Call) {
				if c.Number <= tt.bad {
					c.Reset()
					return
				}
				answerValid(c)
			})

			r := submitWithin(p, scanA, time.Now().Add(-tt.tapped), 8*time.Second)
			if r.Outcome != tt.outcome || server.Connections() != tt.calls {
				t.Errorf("%s over %d connections (%v), want %s over %d", r.Outcome, server.Connections(), r.Err,
					tt.outcome, tt.calls)
			}

			want := 0
			if tt.outcome == scan.Valid {
				want = 1
			}
			if got := server.Reads(pathA); got != want {
				t.Errorf("the proof was read %d times, want %d", got, want)
			}
		})
	}
}

// Whatever came after the first byte, the proof is not sent again.
func TestScanIsNotSentAgainAfterItsFirstByte(t *testing.T) {
	for name, end := range map[string]func(*simplatform.Call){
		"reset in the head": func(c *simplatform.Call) { c.ReadHead(); c.Reset() },
		"reset":             func(c *simplatform.Call) { c.Read(); c.Reset() },
		"closed":            func(c *simplatform.Call) { c.Read(); c.Finish() },
		"500":               func(c *simplatform.Call) { c.Read(); c.Answer(500, "") },
		"429":               func(c *simplatform.Call) { c.Read(); c.Answer(429, "", "Retry-After: 0") },
	} {
		t.Run(name, func(t *testing.T) {
			server, p := newBadServer(t, func(c *simplatform.Call) {
				if c.Handshake() {
					end(c)
				}
			})

			submit(t, p, scanA)
			if server.Connections() != 1 || server.Reads(pathA) != 1 {
				t.Errorf("%d connections and %d reads, want 1 and 1", server.Connections(), server.Reads(pathA))
			}
		})
	}
}

// Certificates do not heal within three seconds.
func TestCertificateIsNotTriedAgain(t *testing.T) {
	other, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	cert, err := other.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}

	server, p := newBadServer(t, func(c *simplatform.Call) { c.HandshakeAs(cert) })
	if r := submit(t, p, scanA); r.Outcome != scan.NotSent || r.Reason != scan.ReasonTLS || server.Connections() != 1 {
		t.Errorf("%s %s over %d connections, want not_sent tls over 1", r.Outcome, r.Reason, server.Connections())
	}
}

// A seal that was closed lets nothing through; one that let something through
// does not call it unsent.
func TestClosedSealLetsNothingThrough(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()

	released := make(chan struct{})
	close(released)

	closed := newSealedConn(ours, &seal{}, released)
	for range 2 {
		if !closed.seal.close() {
			t.Error("a seal on which nothing was written does not say so")
		}
	}

	if n, err := closed.Write([]byte("x")); n != 0 || !errors.Is(err, errSealed) {
		t.Errorf("wrote %d, %v through a closed seal", n, err)
	}

	written := newSealedConn(ours, &seal{}, released)
	go io.Copy(io.Discard, theirs) // ends with the pipe
	for range 2 {
		if _, err := written.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}

	if written.seal.close() {
		t.Error("a seal says that nothing was written, and it was")
	}
}

func TestBackoffBetweenAttempts(t *testing.T) {
	for attempt, limits := range [][2]time.Duration{
		{50 * time.Millisecond, 100 * time.Millisecond},
		{100 * time.Millisecond, 200 * time.Millisecond},
		{200 * time.Millisecond, 400 * time.Millisecond},
		{400 * time.Millisecond, 800 * time.Millisecond},
		{400 * time.Millisecond, 800 * time.Millisecond},
	} {
		different := map[time.Duration]bool{}
		for range 100 {
			wait := backoff(resendFirst, resendLast, attempt, nil)
			different[wait] = true
			if wait < limits[0] || wait > limits[1] {
				t.Fatalf("attempt %d waits %v, want %v to %v", attempt, wait, limits[0], limits[1])
			}
		}

		if len(different) < 10 {
			t.Errorf("attempt %d has no jitter", attempt)
		}
	}

	resp := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"86400"}}}
	if wait := backoff(resendFirst, resendLast, 0, resp); wait != longestPause {
		t.Errorf("Retry-After of a day waits %v, want %v", wait, longestPause)
	}
}
