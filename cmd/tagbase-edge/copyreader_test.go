// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/sim"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// What copies of the PN532 were seen to refuse, for as long as they live. Each is one command to a Type 2 tag, which
// gets a status byte or the error frame.
var readerCopies = []struct {
	name  string
	fault simreader.Fault
}{
	{"status 14 to READ by InDataExchange", refusal(inDataExchange, []byte{0x01, 0x30}, 0x14)},
	{"status 05 to FAST_READ", refusal(inCommunicateThru, []byte{0x3A}, 0x05)},
	{"status 05 to GET_VERSION", refusal(inCommunicateThru, []byte{0x60}, 0x05)},
	{"error frame to FAST_READ",
		simreader.Fault{Kind: simreader.ErrorFrame, On: inCommunicateThru, With: []byte{0x3A}, Times: -1}},
	{"error frame to GET_VERSION",
		simreader.Fault{Kind: simreader.ErrorFrame, On: inCommunicateThru, With: []byte{0x60}, Times: -1}},
}

// refusal answers every command of this code with these parameters by nothing but a status byte.
func refusal(code byte, with []byte, status byte) simreader.Fault {
	answer := []byte{0x00, 0x00, 0xFF, 0x03, 0xFD, 0xD5, code + 1, status, -(0xD5 + code + 1 + status), 0x00}
	return simreader.Fault{Kind: simreader.InsteadOfAnswer, On: code, With: with, Times: -1, Bytes: answer}
}

// A genuine tag is as genuine on a copy of the PN532: green after two taps, or after one if one is enough.
func TestGenuineTagIsGreenOnACopyOfThePN532(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	for _, c := range readerCopies {
		for _, liveness := range []string{"two-taps", "one-tap"} {
			t.Run(c.name+", "+liveness, func(t *testing.T) {
				t.Parallel()
				r := newTestStation(t, "libnfc", "", func(b *sim.Bench) {
					b.Liveness = liveness
					b.PN532.Break(c.fault)
				})
				r.startForTheTest()

				for _, tag := range []string{"genuine-223", "genuine-424"} {
					laid := time.Now()
					r.put(tag)
					r.wantOutcome(r.nextScan(), "pending", "")
					if liveness == "two-taps" {
						r.takeAway()
						laid = time.Now()
						r.put(tag)
					}

					r.wantOutcome(r.nextScan(), "valid", "")
					if took := time.Since(laid); took > 2*time.Second {
						t.Errorf("%s: valid after %v, want it within 2 s", tag, took)
					}
					r.awaitLamps(green)
					r.takeAway()
				}
			})
		}
	}
}
