// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"io"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// startRelay starts a platform behind a network with that round trip.
func startRelay(t *testing.T, trip time.Duration) *sim.Relay {
	t.Helper()
	authority, err := simplatform.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}

	cert, err := authority.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}

	server, err := simplatform.Serve(simplatform.New("key_a:b"), "127.0.0.1:0", cert)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })

	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}

	relay, err := sim.NewRelay(at.Host, trip)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })

	return relay
}

// The relay knows when a request begins and when its answer is handed over,
// whatever else TLS sends.
func TestConnectionsKnowWhenRequestAndAnswerPassed(t *testing.T) {
	const trip = 40 * time.Millisecond
	relay := startRelay(t, trip)
	var c connections
	relay.Watch(c.passed)

	// The certificate is the bench's own, and its name is not the relay's.
	conn, err := tls.Dial("tcp", relay.Addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.take(time.Time{}, time.Now()); len(got) != 0 {
		t.Errorf("%d requests before there is one", len(got))
	}

	asked := time.Now()
	if _, err := io.WriteString(conn, "GET /api/v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatal(err)
	}
	answered := time.Now()
	conn.Close()

	got := c.take(asked.Add(-time.Second), answered)
	if len(got) != 1 {
		t.Fatalf("%d requests, want 1", len(got))
	}

	one := got[0]
	if one.asked.Before(asked) || one.answered.Sub(one.asked) < trip || one.answered.After(answered) {
		t.Errorf("asked %v after the request was written, answered %v after that, read %v after that, round trip %v",
			one.asked.Sub(asked), one.answered.Sub(one.asked), answered.Sub(one.answered), trip)
	}
}

func TestRecordScannerFindsRecordsHoweverTheStreamIsCut(t *testing.T) {
	// A handshake record of 3 bytes, then application data of 2 and of 4.
	stream := []byte{22, 3, 3, 0, 3, 9, 9, 9, 23, 3, 3, 0, 2, 9, 9, 23, 3, 3, 0, 4, 9, 9, 9, 9}
	want := []int{2, 4}

	for size := 1; size <= len(stream); size++ {
		var r recordScanner
		var lengths []int

		for piece := range slices.Chunk(stream, size) {
			r.scan(piece, func(nth, length int) {
				lengths = append(lengths, length)
				if nth != len(lengths) {
					t.Errorf("pieces of %d: record %d is called %d", size, len(lengths), nth)
				}
			})
		}

		if !slices.Equal(lengths, want) {
			t.Errorf("pieces of %d: records of %v bytes, want %v", size, lengths, want)
		}
	}
}
