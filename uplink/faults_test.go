// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// faults are what can happen to a request; all but the last leave it without a
// usable answer.
var faults = []func(c *simplatform.Call){
	func(c *simplatform.Call) { c.Reset() },
	func(c *simplatform.Call) { c.Finish() },
	func(c *simplatform.Call) { c.Hang() },
	func(c *simplatform.Call) { c.SendPlain("220 not TLS\r\n") },
	func(c *simplatform.Call) {
		c.Handshake()
		c.Reset()
	},
	func(c *simplatform.Call) {
		c.Handshake()
		c.Finish()
	},
	func(c *simplatform.Call) {
		if c.Handshake() {
			c.ReadHead()
			c.Reset()
		}
	},
	func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Reset()
		}
	},
	func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Finish()
		}
	},
	func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Hang()
		}
	},
	func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Send("HTTP/1.1 201 Cre")
			c.Reset()
		}
	},
	func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Answer(503, "", "Retry-After: 0")
		}
	},
	func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Answer(307, "", "Location: /api/v1/tags/elsewhere/verifications")
		}
	},
	func(c *simplatform.Call) {
		if c.Handshake() && c.Read() {
			c.Answer(201, `{"data":{"type":"verifications","id":"vrf_1","attributes":{"status":"valid"}}}`)
		}
	},
}

// faultCount is how many requests the property is tried on: FAULTS, or a few.
func faultCount(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("FAULTS"))
	if err != nil {
		return 2000
	}
	t.Logf("FAULTS=%d", n)
	return n
}

// However requests fail, no proof is read twice by the platform, and none is
// called not_sent that it has begun to read.
func TestFaultsNeverSendTwice(t *testing.T) {
	server, authority := trustedBadServer(t, func(c *simplatform.Call) { faults[rand.IntN(len(faults))](c) })
	total := faultCount(t)
	results := make([]Answer, total)
	work := make(chan int)
	var workers sync.WaitGroup

	for range 24 {
		workers.Go(func() {
			p := badServerPlatform(t, server, authority, NewClock(time.Now))
			for i := range work {
				results[i] = submitUnderFaults(p, i)
			}
		})
	}

	for i := range total {
		work <- i
	}

	close(work)
	workers.Wait()
	server.Close() // what was still on its way has arrived
	judgeFaults(t, server, results)
}

func faultTag(i int) string { return fmt.Sprintf("tag_%d", i) }

// submitUnderFaults makes one tap, dialled ahead or not, with little time or enough.
func submitUnderFaults(p *Platform, i int) Answer {
	p.breaker = breaker{} // each tap for itself: the breaker is another test's
	if rand.IntN(2) == 0 {
		p.ConnectAhead()
		if rand.IntN(2) == 0 {
			await.Elapse(rand.N(5 * time.Millisecond))
		}
	}

	timeout := 300 * time.Millisecond
	if rand.IntN(2) == 0 {
		timeout = rand.N(40 * time.Millisecond)
	}

	return submitWithin(p, scan.Submission{Tag: faultTag(i), Params: map[string]string{"e": "1"}}, time.Now(), timeout)
}

func judgeFaults(t *testing.T, server *simplatform.BadServer, results []Answer) {
	t.Helper()
	twice, liars := 0, 0
	outcomes := map[string]int{}

	for i, r := range results {
		reads := server.Reads("/api/v1/tags/" + faultTag(i) + "/verifications")
		outcomes[string(r.Outcome)]++
		if reads > 1 {
			twice++
			t.Errorf("proof %d was read %d times; it is %s %s", i, reads, r.Outcome, r.Reason)
		}
		if r.Outcome == scan.NotSent && reads > 0 {
			liars++
			t.Errorf("proof %d was read and is called not_sent %s (%v)", i, r.Reason, r.Err)
		}
		if r.Status != 0 && reads != 1 {
			t.Errorf("proof %d was answered %d and read %d times", i, r.Status, reads)
		}
	}

	if n := server.Reads("?"); n > 0 {
		t.Errorf("%d requests arrived that could not be told apart", n)
	}
	if server.Reads("/api/v1/tags/elsewhere/verifications") > 0 {
		t.Error("a redirect was followed")
	}

	t.Logf("%d requests over %d connections: %v; %d proofs read twice, %d called not_sent that were read",
		len(results), server.Connections(), outcomes, twice, liars)

	for _, want := range []scan.Outcome{scan.NotSent, scan.Unknown, scan.Refused, scan.Valid} {
		if outcomes[string(want)] == 0 {
			t.Errorf("no request was %s: the faults do not do what they should", want)
		}
	}
}
