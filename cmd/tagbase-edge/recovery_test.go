// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// Commands of the PN532 (UM0701-02, section 7) at which its faults strike.
const (
	diagnose            = 0x00 // Diagnose
	rfConfiguration     = 0x32 // RFConfiguration
	inDataExchange      = 0x40 // InDataExchange: Type 4
	inCommunicateThru   = 0x42 // InCommunicateThru: Type 2
	inDeselect          = 0x44 // InDeselect
	inListPassiveTarget = 0x4A // InListPassiveTarget
)

// A readerFault is one way in which a reader fails, and what ends it.
type readerFault struct {
	name  string
	kind  simreader.FaultKind
	wait  time.Duration // of Slow, Dribble and hangs that end by themselves
	bytes []byte        // what comes in place of an ACK
	times int
	stays bool // until it is mended
	dies  bool // the reader's process does
	rests bool // the tag that is there has had its tap
}

var readerFaults = []readerFault{
	{name: "hang before the ACK for ever", kind: simreader.HangBeforeACK, stays: true},
	{name: "hang after the ACK for ever", kind: simreader.HangAfterACK, stays: true},
	{name: "hang before the ACK for 1 s", kind: simreader.HangBeforeACK, wait: time.Second},
	{name: "hang after the ACK for 1 s", kind: simreader.HangAfterACK, wait: time.Second},
	{name: "dropped ACK", kind: simreader.DropACK},
	{name: "NACK", kind: simreader.AnswerNACK},
	{name: "garbage before", kind: simreader.GarbageBefore},
	{name: "garbage instead", kind: simreader.GarbageInstead},
	{name: "bad checksum", kind: simreader.BadChecksum},
	{name: "bad length", kind: simreader.BadLength},
	{name: "truncated", kind: simreader.Truncated},
	{name: "dribble", kind: simreader.Dribble, wait: 10 * time.Millisecond},
	{name: "slow", kind: simreader.Slow, wait: 200 * time.Millisecond},
	{name: "slower than libnfc waits", kind: simreader.Slow, wait: 500 * time.Millisecond},
	{name: "error frame", kind: simreader.ErrorFrame},
	{name: "brown-out", kind: simreader.BrownOut},
	{name: "nothing but bad checksums", kind: simreader.BadChecksum, times: -1, stays: true},
	{name: "nothing but garbage", kind: simreader.GarbageInstead, times: -1, stays: true},
	{name: "preamble of three zeros", kind: simreader.LongPreamble},
	{name: "zeros in place of the ACK", kind: simreader.InsteadOfACK, bytes: make([]byte, 6)},
	{name: "the ACK at another baud rate", kind: simreader.InsteadOfACK,
		bytes: []byte{0x98, 0x80, 0x98, 0x80, 0x1E, 0x66}},
	{name: "no ACK after an abort", kind: simreader.DeafOnAbort, wait: 500 * time.Millisecond},
	{name: "every answer one behind", kind: simreader.OneBehind, stays: true},
}

// The daemon outlives every fault of its reader, at whatever command it strikes,
// judges no tap on it, and the next genuine tap gives its verdict within 2 s of the fault's end.
func TestDaemonOutlivesEveryReaderFault(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	for _, at := range []struct {
		name string
		code byte
		tag  string // that is put to be struck; "" is an empty field
	}{
		{"while nothing is there", inListPassiveTarget, ""},
		{"while a tag is found", inListPassiveTarget, "genuine-424"},
		{"in a read", inDataExchange, "genuine-424"},
		{"in a read of a Type 2 tag", inCommunicateThru, "genuine-223"},
		{"while another tag is looked for", inDeselect, "genuine-424"},
		{"while the field goes off", rfConfiguration, "genuine-223"},
		{"while a tag rests", diagnose, "genuine-424"},
	} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			w := newFaultyStation(t, "libnfc")
			faults := readerFaults
			if at.code == inDataExchange || at.code == inCommunicateThru {
				faults = append(faults, readerFault{name: "status byte with bit 7", kind: simreader.NADBit, dies: true})
			}

			if at.code == inListPassiveTarget && at.tag != "" {
				faults = append(faults, readerFault{name: "ATS of length 0", kind: simreader.EmptyATS, dies: true})
			}

			for _, f := range faults {
				f.rests = at.code == diagnose
				w.endure(at.name+": "+f.name, at.tag, f, func() {
					w.bench.PN532.Break(simreader.Fault{
						Kind: f.kind, On: at.code, Times: f.times, For: f.wait, Bytes: f.bytes,
					})
				}, w.bench.PN532.Mend)
			}

			w.checkHeldResources()
		})
	}
}

// lastingFaults are those that no command to the reader ends. A fault without a kind is a bus that refuses every write.
var lastingFaults = []struct {
	name   string
	fault  simreader.Fault
	replug bool // only unplugging the reader ends it
}{
	{name: "every answer one behind", fault: simreader.Fault{Kind: simreader.OneBehind}},
	{name: "preambles of three zeros", fault: simreader.Fault{Kind: simreader.LongPreamble, Times: -1}},
	{name: "zeros in place of every ACK",
		fault: simreader.Fault{Kind: simreader.InsteadOfACK, Bytes: make([]byte, 6), Times: -1}},
	{name: "an error frame to every look",
		fault: simreader.Fault{Kind: simreader.ErrorFrame, On: inListPassiveTarget, Times: -1}},
	{name: "no answer to any look",
		fault: simreader.Fault{Kind: simreader.InsteadOfAnswer, On: inListPassiveTarget, Times: -1}},
	{name: "every write fails"},
	{name: "every write fails until it is unplugged", replug: true},
}

// A reader that answers wrongly for good, or not at all, has service code 2 within 10 s, and is not called ready
// meanwhile. Once it works again the next tap gives its verdict within 2 s.
func TestReaderThatFailsForGoodHasServiceCode2(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	for _, f := range lastingFaults {
		for _, tag := range []string{"nothing", "genuine-424", "genuine-223"} {
			t.Run(f.name+" with "+tag, func(t *testing.T) {
				t.Parallel()
				w := newFaultyStation(t, "libnfc")
				w.letPass(time.Second) // sooner than this the same tag is no new tap
				failed := time.Now()
				if f.fault.Kind != 0 {
					w.bench.PN532.Break(f.fault)
				} else if err := w.bench.RefuseWrites(true); err != nil {
					t.Fatal(err)
				}
				if tag != "nothing" {
					w.put(tag)
				}

				w.awaitLine(`"service_code":2`)
				if took := time.Since(failed); took > 10*time.Second {
					t.Errorf("service code 2 after %v, want it within 10 s", took)
				}
				w.letPass(2500 * time.Millisecond) // long enough for a second child
				if ready := strings.Count(w.daemon.Log(), `"reader ready"`); ready != 1 {
					t.Errorf("the log says %d times that the reader is ready, want once, before the fault", ready)
				}

				w.bench.Field.Remove()
				w.bench.PN532.Mend()
				if f.replug {
					w.unplug()
					w.plug()
				} else if err := w.bench.RefuseWrites(false); err != nil {
					t.Fatal(err)
				}

				ended := time.Now()
				w.letPass(320 * time.Millisecond)
				w.genuineTap(f.name, ended, 2*time.Second)
			})
		}
	}
}

// What can be said of the simulated reader too: it hangs, and it is pulled out.
func TestDaemonOutlivesAReaderThatIsUnpluggedOrSilent(t *testing.T) {
	t.Parallel()
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			w := newFaultyStation(t, device)
			for _, tag := range []string{"", "genuine-424", "genuine-223"} {
				for range 3 {
					w.endure("unplugged "+tag, tag, readerFault{stays: true}, w.unplug, w.plug)
				}

				if device == "simulated" {
					w.endure("silent "+tag, tag, readerFault{stays: true},
						func() { w.bench.Silence(true) }, func() { w.bench.Silence(false) })
				}
			}

			w.checkHeldResources()
		})
	}
}

// A tag that makes libnfc abort each time it is read is read twice, not for ever.
func TestTagThatAbortsLibnfcIsReadTwice(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	w := newFaultyStation(t, "libnfc")
	w.bench.PN532.Break(simreader.Fault{Kind: simreader.NADBit, On: inDataExchange, Times: -1})
	w.put("genuine-424")
	w.wantOutcome(w.nextScan(), "unreadable", "torn")
	w.wantOutcome(w.nextScan(), "unreadable", "torn")
	w.wantNoScan(2 * time.Second)
	w.bench.PN532.Mend()
	ended := time.Now()
	w.takeAway()
	w.genuineTap("mended", ended, 2*time.Second)
}
