// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// chipRead is what reading a chip takes at the least through a PN532 at 115200
// baud: 47 ms.
const chipRead = 47 * time.Millisecond

// BenchmarkTapToAnswer takes a tap from the moment in which the tag is found to
// the platform's answer, with the connection dialled while the chip is read, and
// dialled afterwards.
func BenchmarkTapToAnswer(b *testing.B) {
	authority, err := simplatform.NewAuthority()
	if err != nil {
		b.Fatal(err)
	}

	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		b.Fatal(err)
	}

	server, err := simplatform.NewBadServer(cert, answerValid)
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()

	target, err := url.Parse(server.URL)
	if err != nil {
		b.Fatal(err)
	}

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM())

	for _, trip := range []time.Duration{0, 20 * time.Millisecond, 80 * time.Millisecond} {
		relay, err := sim.NewRelay(target.Host, trip)
		if err != nil {
			b.Fatal(err)
		}

		base := &url.URL{Scheme: "https", Host: relay.Addr, Path: target.Path}
		for _, ahead := range []bool{false, true} {
			b.Run(fmt.Sprintf("rtt=%v/ahead=%t", trip, ahead), func(b *testing.B) {
				p := NewPlatform(Config{Base: base, Roots: roots, Clock: NewClock(time.Now)})

				var connect time.Duration
				for b.Loop() {
					found := time.Now()
					if ahead {
						p.ConnectAhead()
					}

					time.Sleep(chipRead)
					r := submitWithin(p, scanA, found, 8*time.Second)
					if r.Outcome != scan.Valid {
						b.Fatalf("%s %s: %v", r.Outcome, r.Reason, r.Err)
					}

					connect += r.Connect
				}

				b.ReportMetric(float64(connect.Microseconds())/1000/float64(b.N), "connect-ms/tap")
				b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/tap")
				b.ReportMetric(0, "ns/op")
			})
		}

		relay.Close()
	}
}
