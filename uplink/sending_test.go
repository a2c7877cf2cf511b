// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
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
func TestResend(t *testing.T) {
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
			server, p := newUnruly(t, func(c *simplatform.Call) {
				if c.Number <= tt.bad {
					c.Reset()
					return
				}
				answerValid(c)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			r := p.Submit(ctx, scanA, time.Now().Add(-tt.tapped))
			if r.Outcome != tt.outcome || server.Connections() != tt.calls {
				t.Errorf("%s over %d connections (%v), want %s over %d", r.Outcome, server.Connections(), r.Err, tt.outcome, tt.calls)
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
func TestNoResend(t *testing.T) {
	for name, end := range map[string]func(*simplatform.Call){
		"reset in the head": func(c *simplatform.Call) { c.ReadHead(); c.Reset() },
		"reset":             func(c *simplatform.Call) { c.Read(); c.Reset() },
		"closed":            func(c *simplatform.Call) { c.Read(); c.Finish() },
		"500":               func(c *simplatform.Call) { c.Read(); c.Answer(500, "") },
		"429":               func(c *simplatform.Call) { c.Read(); c.Answer(429, "", "Retry-After: 0") },
	} {
		t.Run(name, func(t *testing.T) {
			server, p := newUnruly(t, func(c *simplatform.Call) {
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
	server, p := newUnruly(t, func(c *simplatform.Call) { c.HandshakeAs(cert) })
	if r := submit(t, p, scanA); r.Outcome != scan.NotSent || r.Reason != scan.ReasonTLS || server.Connections() != 1 {
		t.Errorf("%s %s over %d connections, want not_sent tls over 1", r.Outcome, r.Reason, server.Connections())
	}
}

// A scan is held back until it is released, on a connection that is made meanwhile; what
// that took was no wait. One that is not released in time was not sent.
func TestHold(t *testing.T) {
	connected := make(chan struct{})
	server, p := newUnruly(t, func(c *simplatform.Call) {
		<-time.After(50 * time.Millisecond) // of network
		if !c.Handshake() {
			return
		}
		if c.Number == 1 {
			close(connected)
		}
		if c.Read() {
			c.Answer(201, validAnswer)
		}
	})
	hold := NewHold()
	var before time.Duration
	begun := time.Now()
	go func() {
		defer hold.Release()
		<-connected
		if n := server.Reads(pathA); n != 0 {
			t.Errorf("%d requests were read before they might go", n)
		}
		before = time.Since(begun)
	}()
	sub := scanA
	sub.Hold = hold
	r := submit(t, p, sub)
	if r.Outcome != scan.Valid || server.Reads(pathA) != 1 {
		t.Errorf("%s (%v), %d requests; want valid, one", r.Outcome, r.Err, server.Reads(pathA))
	}
	if rest := time.Since(begun) - before; r.Connect > rest || r.Answer > rest {
		t.Errorf("connection %v and answer %v, of %v after it was released", r.Connect, r.Answer, rest)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	sub.Hold = NewHold()
	if r := p.Submit(ctx, sub, time.Now()); r.Outcome != scan.NotSent || server.Reads(pathA) != 1 {
		t.Errorf("%s, %d requests; want not_sent, one", r.Outcome, server.Reads(pathA))
	}
}

// What a proxy says on a connection on which nothing was asked is no answer to the scan, and
// no reason to let it go later.
func TestAnswerToNothing(t *testing.T) {
	for _, status := range []int{408, 201} {
		server, p := newUnruly(t, func(c *simplatform.Call) {
			if c.Handshake() && c.Answer(status, validAnswer) {
				c.Read()
			}
		})
		sub := scanA
		sub.Hold = NewHold()
		if r := submit(t, p, sub); r.Outcome != scan.NotSent || r.Reason != scan.ReasonNetwork {
			t.Errorf("%d before the request: %s %s, want not_sent network", status, r.Outcome, r.Reason)
		}
		sub.Hold.Release()
		server.Close()
		if n := server.Reads(pathA); n != 0 {
			t.Errorf("%d before the request: %d requests came after it was not sent", status, n)
		}
	}
}

// Scans that are withdrawn while they are held are not sent, at once, and are no reason
// for the breaker or a service code.
func TestWithdrawn(t *testing.T) {
	server, p := newUnruly(t, func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Answer(201, validAnswer)
		}
	})
	for range breakerFailures + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		sub := scanA
		sub.Hold = NewHold()
		time.AfterFunc(10*time.Millisecond, cancel)
		if r := p.Submit(ctx, sub, time.Now()); r.Outcome != scan.NotSent || r.Reason == scan.ReasonBreaker {
			t.Fatalf("%s %s, want not_sent", r.Outcome, r.Reason)
		}
	}
	if trouble := p.Trouble(); trouble != "" || p.Breaker() || p.Counts().Requests["none"] != 0 {
		t.Errorf("trouble %q, breaker %t, %d requests without an answer; want none of them", trouble, p.Breaker(), p.Counts().Requests["none"])
	}
	if r := submit(t, p, scanA); r.Outcome != scan.Valid || server.Reads(pathA) != 1 {
		t.Errorf("then %s, %d requests; want valid, one", r.Outcome, server.Reads(pathA))
	}
}

// A seal that was closed lets nothing through; one that let something through
// does not call it unsent.
func TestSeal(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	closed := seals(ours, &seal{}, nil)
	for range 2 {
		if !closed.seal.close() {
			t.Error("a seal on which nothing was written does not say so")
		}
	}
	if n, err := closed.Write([]byte("x")); n != 0 || !errors.Is(err, errSealed) {
		t.Errorf("wrote %d, %v through a closed seal", n, err)
	}

	written := seals(ours, &seal{}, nil)
	go io.Copy(io.Discard, theirs)
	for range 2 {
		if _, err := written.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if written.seal.close() {
		t.Error("a seal says that nothing was written, and it was")
	}
}

func TestBackoff(t *testing.T) {
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
	if wait := backoff(resendFirst, resendLast, 0, resp); wait != longestHold {
		t.Errorf("Retry-After of a day waits %v, want %v", wait, longestHold)
	}
}
