// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// urlMessage is an NDEF message of one short URI record.
func urlMessage(code byte, rest string) []byte {
	return append([]byte{0xD1, 0x01, byte(len(rest) + 1), 'U', code}, rest...)
}

// textMessage is an NDEF message of one text record, "x" in English.
var textMessage = []byte{0xD1, 0x01, 4, 'T', 0x02, 'e', 'n', 'x'}

func FuzzTLV(f *testing.F) {
	ndef := urlMessage(4, "tap.example.com/tag_a?m=1")
	head := make([]byte, ccPage*pageSize)
	head = append(head, 0xE1, 0x10, 0x12, 0x00, 1, 3, 0xA0, 0x0C, 0x34, 3, byte(len(ndef)))
	f.Add(append(head, ndef...))
	f.Add(append(head[:16:16], 0, 0, 0x03, 0xFF, 0x00, 0x20, 1, 2, 3))
	f.Add(append(head[:14:14], 0xFF, 0x00, 0x02, 0xFF, 0x07, 0xF0))
	f.Fuzz(func(t *testing.T, pages []byte) {
		m := &memory{hostile: hostile{target: Target{UID: []byte{4, 0, 0, 0, 0, 0, 1}}}, pages: pages}
		checkRead(t, m, m.target, &m.sent)
	})
}

func FuzzAPDU(f *testing.F) {
	ndef := urlMessage(4, "a/tag_a?e=1")
	file := append([]byte{0, byte(len(ndef))}, ndef...)
	answer := append(append([]byte{byte(len(file) + 2)}, file...), 0x90, 0x00)
	f.Add(append([]byte{2, 0x90, 0x00, 2, 0x90, 0x00}, answer...))
	cc := []byte{17, 0, 15, 0x20, 0, 59, 0, 52, 4, 6, 0xE1, 0x04, 0, 50, 0, 0, 0x90, 0x00}
	f.Add(slices.Concat([]byte{2, 0x90, 0x00, 2, 0x6A, 0x82, 2, 0x90, 0x00}, cc, []byte{2, 0x90, 0x00}, answer))
	f.Add(bytes.Repeat([]byte{3, 0x90, 0x90, 0x00}, 70))
	f.Fuzz(func(t *testing.T, script []byte) {
		h := &hostile{target: Target{SAK: 0x20, UID: []byte{4, 0, 0, 0, 0, 0, 1}}, bytes: script}
		checkRead(t, h, h.target, &h.sent)
	})
}

// checkRead checks what holds for every read, whatever the tag answers: it ends within
// its limits, with a URL or with a reason, and never with a fault of the reader.
func checkRead(t *testing.T, dev Device, target Target, sent *int) {
	t.Helper()
	tap, err := Read(dev, target, time.Now(), TwoTaps)
	if err != nil {
		t.Fatalf("a tag made a fault of the reader: %v", err)
	}

	if (tap.URL == "") == (tap.Reason == "") {
		t.Fatalf("URL %q and reason %q, want one of them", tap.URL, tap.Reason)
	}
	if len(tap.URL) > maxNDEF+len("ftp://anonymous:anonymous@") {
		t.Fatalf("a URL of %d bytes", len(tap.URL))
	}

	if *sent > maxExchanges {
		t.Fatalf("%d exchanges, want at most %d", *sent, maxExchanges)
	}
}

func FuzzEvent(f *testing.F) {
	tap := Tap{UID: "04", Chip: ChipNTAG424, URL: "https://a/\xff", Entered: time.Now()}
	line, err := EncodeEvent(Event{Kind: EventTap, Tap: tap})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte(`{"kind":"fault","error":"x","missing":true}`))

	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := DecodeEvent(line)
		if err != nil {
			return
		}

		again, err := EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}

		twice, err := DecodeEvent(again)
		if err != nil || twice.Kind != e.Kind || twice.Tap.URL != e.Tap.URL || twice.Tap.UID != e.Tap.UID {
			t.Fatalf("%q came back as %+v, %v; want %+v", again, twice, err, e)
		}
	})
}
