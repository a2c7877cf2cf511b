// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// prepare readies the request of a tap that has just begun, and must have its answer within the
// timeout.
func prepare(p *Platform, timeout time.Duration) *Request {
	return p.Prepare(scanA, Plan{Tapped: time.Now(), By: time.Now().Add(timeout)})
}

// A prepared request connects and sends nothing until Send. What came before Send counts neither as
// waiting for a connection nor as waiting for the answer.
func TestPreparedRequestWaitsForSend(t *testing.T) {
	connected := make(chan struct{})
	server, p := newBadServer(t, func(c *simplatform.Call) {
		await.Elapse(50 * time.Millisecond) // the network's time
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

	begun := time.Now()
	request := prepare(p, 5*time.Second)
	await.Value(t, "the request has connected", connected)
	if n := server.Reads(pathA); n != 0 {
		t.Errorf("%d requests were read before Send", n)
	}

	before := time.Since(begun)
	r := request.Send()
	if r.Outcome != scan.Valid || server.Reads(pathA) != 1 {
		t.Errorf("%s (%v), %d requests; want valid, one", r.Outcome, r.Err, server.Reads(pathA))
	}
	if rest := time.Since(begun) - before; r.Connect > rest || r.Answer > rest {
		t.Errorf("connection %v and answer %v, of %v after Send", r.Connect, r.Answer, rest)
	}
}

// A request that is not sent before its time is over was not sent, and never will be.
func TestPreparedRequestIsNeverSentAfterItsTime(t *testing.T) {
	server, p := newBadServer(t, answerValid)

	request := prepare(p, 100*time.Millisecond)
	await.Value(t, "the request has failed", request.Failed())
	if r := request.Send(); r.Outcome != scan.NotSent {
		t.Errorf("%s, want not_sent", r.Outcome)
	}

	server.Close()
	if n := server.Reads(pathA); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// What a proxy says on a connection on which nothing was asked is no answer to the scan, and Send
// does not let the request go afterwards.
func TestAnswerBeforeTheRequestIsIgnored(t *testing.T) {
	for _, status := range []int{408, 201} {
		server, p := newBadServer(t, func(c *simplatform.Call) {
			if c.Handshake() && c.Answer(status, validAnswer) {
				c.Read()
			}
		})

		request := prepare(p, 5*time.Second)
		await.Value(t, "the request has failed", request.Failed())
		if r := request.Send(); r.Outcome != scan.NotSent || r.Reason != scan.ReasonNetwork {
			t.Errorf("%d before the request: %s %s, want not_sent network", status, r.Outcome, r.Reason)
		}

		server.Close()
		if n := server.Reads(pathA); n != 0 {
			t.Errorf("%d before the request: %d requests came after it was not sent", status, n)
		}
	}
}

// A withdrawn request is not sent, and is no reason for the breaker or a service code.
func TestWithdrawnRequestIsNotSent(t *testing.T) {
	connected := make(chan struct{}, breakerFailures+2)
	server, p := newBadServer(t, func(c *simplatform.Call) {
		if !c.Handshake() {
			return
		}

		connected <- struct{}{}
		if c.Read() {
			c.Answer(201, validAnswer)
		}
	})

	// Some are withdrawn while they connect, others when the connection stands.
	for i := range breakerFailures + 1 {
		request := prepare(p, 5*time.Second)
		if i%2 == 0 {
			await.Value(t, "the request has connected", connected)
		}
		request.Withdraw()
	}

	if trouble := p.Trouble(); trouble != "" || p.BreakerOpen() || p.Counts().Requests["none"] != 0 {
		t.Errorf("trouble %q, breaker %t, %d requests without an answer; want none of them",
			trouble, p.BreakerOpen(), p.Counts().Requests["none"])
	}

	if r := submit(t, p, scanA); r.Outcome != scan.Valid || server.Reads(pathA) != 1 {
		t.Errorf("then %s, %d requests; want valid, one", r.Outcome, server.Reads(pathA))
	}
}
