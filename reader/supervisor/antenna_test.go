// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

var (
	uid424 = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
	key1   = [16]byte{1}
	key2   = [16]byte{2}
)

func newNTAG424(uid [7]byte) *simchip.NTAG424 {
	return simchip.NewNTAG424(uid, key1, key2, "https://tap.example.com/tag_x")
}

// A benchReader is a virtual antenna, and the name under which a child finds a reader over it.
type benchReader struct {
	field  *simantenna.Field
	device string
	stop   func()
}

// simulatedReader is the bench's socket.
func simulatedReader(t *testing.T) *benchReader {
	t.Helper()
	field, path := simantenna.NewField(), filepath.Join(t.TempDir(), "s")
	socket, err := simreader.OpenSocket(path, field, nil)
	if err != nil {
		t.Fatal(err)
	}

	stop := sync.OnceFunc(func() {
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &benchReader{field: field, device: "simulated:" + path, stop: stop}
}

// libnfcReader is a PN532 on a pseudo-terminal.
func libnfcReader(t *testing.T) *benchReader {
	t.Helper()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	field, link := simantenna.NewField(), filepath.Join(t.TempDir(), "pn532")
	pty, err := simreader.OpenPTY(link)
	if err != nil {
		t.Fatal(err)
	}

	var served sync.WaitGroup
	served.Go(func() {
		if err := simreader.NewPN532(field).Serve(pty); err != nil {
			t.Error(err)
		}
	})

	stop := sync.OnceFunc(func() {
		if err := pty.Close(); err != nil {
			t.Error(err)
		}
		served.Wait()
	})
	t.Cleanup(stop)
	return &benchReader{field: field, device: "pn532_uart:" + link, stop: stop}
}

// onEachReader runs one test body on both kinds of reader.
func onEachReader(t *testing.T, body func(*testing.T, *benchReader)) {
	t.Run("libnfc", func(t *testing.T) { body(t, libnfcReader(t)) })
	t.Run("simulated", func(t *testing.T) { body(t, simulatedReader(t)) })
}

// A tap goes from the antenna through a child to the daemon, and so does the end of the reader.
func TestSupervisorPassesATapFromTheAntenna(t *testing.T) {
	t.Parallel()
	r := simulatedReader(t)
	chip := newNTAG424(uid424)
	events, _ := superviseChild(t, "reader", r.device)
	if e := nextEvent(t, events); e.Kind != reader.EventReady {
		t.Fatalf("got %+v, want %s", e, reader.EventReady)
	}

	before := time.Now()
	r.field.Put(chip)
	if e := nextEvent(t, events); e.Kind != reader.EventEntered || e.Tap.UID != fmt.Sprintf("%x", uid424) {
		t.Errorf("got %+v, want %s", e, reader.EventEntered)
	}

	early, e := nextEvent(t, events), nextEvent(t, events)
	if early.Kind != reader.EventURL || e.Kind != reader.EventTap || early.Tap.URL != e.Tap.URL {
		t.Fatalf("got %+v and %+v, want %s and %s", early, e, reader.EventURL, reader.EventTap)
	}

	u, err := url.Parse(e.Tap.URL)
	if err != nil {
		t.Fatal(err)
	}
	uid, counter, ok := simchip.Open424(key1, key2, u.Query().Get("e"), u.Query().Get("c"))
	if !ok || uid != uid424 || counter != chip.Counter() {
		t.Errorf("%q is of count %d (verified: %v), want the last of the tag, %d", u, counter, ok, chip.Counter())
	}

	// The moments come from another process's reading of the same clock: 20 ms for what lies between two readings.
	entered, read := e.Tap.Entered, e.Tap.Read
	const apart = 20 * time.Millisecond
	if entered.Before(before.Add(-apart)) || read.Before(entered) || read.After(time.Now().Add(apart)) {
		t.Errorf("put at %v, entered %v, read %v", before, e.Tap.Entered, e.Tap.Read)
	}

	r.stop()
	for { // its socket is gone
		if e := nextEvent(t, events); e.Kind == reader.EventFault && e.Missing {
			break
		}
	}
}

// A genuine tag behind a sticker gets its lamp within a second.
func TestChildSeesATagBehindASticker(t *testing.T) {
	onEachReader(t, func(t *testing.T, r *benchReader) {
		sticker, tag := simchip.NewForeign("https://example.net/x"), newNTAG424(uid424)
		r.field.Put(sticker)
		events, _ := superviseChild(t, "reader", r.device)
		awaitTap := func() reader.Tap {
			for {
				if e := nextEvent(t, events); e.Kind == reader.EventTap {
					return e.Tap
				}
			}
		}

		if tap := awaitTap(); tap.URL != "https://example.net/x" {
			t.Fatalf("the sticker: %+v", tap)
		}
		for n := range 3 {
			laid := time.Now()
			r.field.Add(tag)
			if tap := awaitTap(); tap.Reason != scan.ReasonTwoTags || tap.Entered.Sub(laid) > time.Second {
				t.Errorf("tap %d behind the sticker: %+v, %v after it was laid down", n+1, tap, tap.Entered.Sub(laid))
			}
			r.field.Take(tag)
			// Longer than the reader needs to miss it, and than a second since its tap.
			missed := time.NewTimer(1500 * time.Millisecond)
			<-missed.C
		}
	})
}

// Two NTAG 424 DNA are refused by a reader that wakes tags in HALT, and its beats say that it does.
func TestChildTellsTwoTagsApartOnAReaderThatWakesTags(t *testing.T) {
	onEachReader(t, func(t *testing.T, r *benchReader) {
		r.field.WakesHalted(true)
		r.field.Put(newNTAG424(uid424), newNTAG424([7]byte{4, 1, 1, 1, 1, 1, 1}))
		events, _ := superviseChild(t, "reader", r.device)

		var reason scan.Reason
		for told := false; !told || reason == ""; {
			switch e := await(t, "the tap, and a beat that says that the reader wakes tags", events); e.Kind {
			case reader.EventTap:
				reason = e.Tap.Reason
			case reader.EventBeat:
				told = told || e.HaltFails
			}
		}
		if reason != scan.ReasonTwoTags {
			t.Errorf("got %q, want %s", reason, scan.ReasonTwoTags)
		}
	})
}
