// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/sim"
)

// Commands of the PN532 (UM0701-02, 7) by which a station is struck.
const (
	presence   = 0x00 // Diagnose
	setUp      = 0x32 // RFConfiguration
	exchange   = 0x40 // InDataExchange: Type 4
	through    = 0x42 // InCommunicateThru: Type 2
	deselect   = 0x44 // InDeselect
	activation = 0x4A // InListPassiveTarget
)

// A readerFault is one way in which a reader fails, and what ends it.
type readerFault struct {
	name  string
	kind  sim.FaultKind
	wait  time.Duration // of Slow, Dribble and hangs that end by themselves
	times int
	stays bool // until it is mended
	dies  bool // the reader's process does
}

var readerFaults = []readerFault{
	{name: "hang before the ACK for ever", kind: sim.HangBeforeACK, stays: true},
	{name: "hang after the ACK for ever", kind: sim.HangAfterACK, stays: true},
	{name: "hang before the ACK for 1 s", kind: sim.HangBeforeACK, wait: time.Second},
	{name: "hang after the ACK for 1 s", kind: sim.HangAfterACK, wait: time.Second},
	{name: "dropped ACK", kind: sim.DropACK},
	{name: "NACK", kind: sim.AnswerNACK},
	{name: "garbage before", kind: sim.GarbageBefore},
	{name: "garbage instead", kind: sim.GarbageInstead},
	{name: "bad checksum", kind: sim.BadChecksum},
	{name: "bad length", kind: sim.BadLength},
	{name: "truncated", kind: sim.Truncated},
	{name: "dribble", kind: sim.Dribble, wait: 10 * time.Millisecond},
	{name: "slow", kind: sim.Slow, wait: 200 * time.Millisecond},
	{name: "slower than libnfc waits", kind: sim.Slow, wait: 500 * time.Millisecond},
	{name: "error frame", kind: sim.ErrorFrame},
	{name: "brown-out", kind: sim.BrownOut},
	{name: "nothing but bad checksums", kind: sim.BadChecksum, times: -1, stays: true},
	{name: "nothing but garbage", kind: sim.GarbageInstead, times: -1, stays: true},
}

// The daemon outlives every fault of its reader, at whatever command it strikes,
// judges no tap on it, and the next genuine tap gives its verdict within 2 s of the fault's end.
func TestReaderFaults(t *testing.T) {
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	for _, at := range []struct {
		name string
		code byte
		tag  string // that is put to be struck; "" is an empty field
	}{
		{"while nothing is there", activation, ""},
		{"while a tag is found", activation, "genuine-424"},
		{"in a read", exchange, "genuine-424"},
		{"in a read of a Type 2 tag", through, "genuine-223"},
		{"while another tag is looked for", deselect, "genuine-424"},
		{"while the field goes off", setUp, "genuine-223"},
		{"while a tag rests", presence, "genuine-424"},
	} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			w := newWounded(t, "libnfc")
			faults := readerFaults
			if at.code == exchange || at.code == through {
				faults = append(faults, readerFault{name: "status byte with bit 7", kind: sim.NADBit, dies: true})
			}
			if at.code == activation && at.tag != "" {
				faults = append(faults, readerFault{name: "ATS of length 0", kind: sim.EmptyATS, dies: true})
			}
			for _, f := range faults {
				w.suffers(at.name+": "+f.name, at.tag, f, func() {
					w.bench.Chip.Break(sim.Fault{Kind: f.kind, On: at.code, Times: f.times, For: f.wait})
				}, w.bench.Chip.Mend)
			}
			w.checkLeftovers()
		})
	}
}

// What can be said of the simulated reader too: it hangs, and it is pulled out.
func TestReaderGone(t *testing.T) {
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			w := newWounded(t, device)
			for _, tag := range []string{"", "genuine-424", "genuine-223"} {
				for range 3 {
					w.suffers("unplugged "+tag, tag, readerFault{stays: true}, w.unplug, w.plug)
				}
				if device == "simulated" {
					w.suffers("silent "+tag, tag, readerFault{stays: true},
						func() { w.bench.Silence(true) }, func() { w.bench.Silence(false) })
				}
			}
			w.checkLeftovers()
		})
	}
}

// A tag that makes libnfc abort each time it is read is read twice, not for ever.
func TestTagThatKillsTheReader(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	w := newWounded(t, "libnfc")
	w.bench.Chip.Break(sim.Fault{Kind: sim.NADBit, On: exchange, Times: -1})
	w.put("genuine-424")
	w.want(w.nextScan(), "unreadable", "torn")
	w.want(w.nextScan(), "unreadable", "torn")
	<-time.After(2 * time.Second)
	w.noScan()
	w.bench.Chip.Mend()
	ended := time.Now()
	w.takeAway()
	w.genuineTap("mended", ended, 2*time.Second)
}
