// SPDX-License-Identifier: Apache-2.0

package ndef

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// newRecord is one NDEF record with a length of one byte.
func newRecord(flags byte, kind, id, payload string) []byte {
	r := []byte{flags | flagShortRecord, byte(len(kind)), byte(len(payload))}
	if id != "" {
		r[0] |= flagID
		r = append(r, byte(len(id)))
	}
	return append(r, kind+id+payload...)
}

// longForm is the same record with a length of four bytes.
func longForm(short []byte) []byte {
	return append([]byte{short[0] &^ flagShortRecord, short[1], 0, 0, 0, short[2]}, short[3:]...)
}

const (
	only   = 0xC0 | tnfWellKnown // message begin and end
	first  = 0x80 | tnfWellKnown
	middle = 0x00 | tnfWellKnown
	last   = 0x40 | tnfWellKnown
)

func TestFirstURI(t *testing.T) {
	const a, b = "https://a.example/1", "https://b.example/2"
	uri := func(flags byte, rest string) []byte { return newRecord(flags, "U", "", "\x04"+rest) }
	recordA, recordB := "a.example/1", "b.example/2"
	title := newRecord(first, "T", "", "\x02enchair")
	poster := func(flags byte, inside ...[]byte) []byte {
		return newRecord(flags, "Sp", "", string(slices.Concat(inside...)))
	}

	tests := []struct {
		name string
		in   []byte
		want string
		err  error
	}{
		{"one short record", uri(only, recordA), a, nil},
		{"one long record", longForm(uri(only, recordA)), a, nil},
		{"short with an id", newRecord(only, "U", "id", "\x04"+recordA), a, nil},
		{"long with an id", longForm(newRecord(only, "U", "id", "\x04"+recordA)), a, nil},
		{"an empty id field", []byte{only | flagShortRecord | flagID, 1, 3, 0, 'U', 0, 'a', 'b'}, "ab", nil},
		{"no prefix", newRecord(only, "U", "", "\x00urn:x"), "urn:x", nil},
		{"the first of two", slices.Concat(uri(first, recordA), uri(last, recordB)), a, nil},
		{"behind other records", slices.Concat(
			title,
			newRecord(0x02, "text/plain", "id", "https://c.example"), // media type
			newRecord(0x03, "https://d.example", "", ""),             // absolute URI as a type
			newRecord(0x04, "example.com:U", "", "\x04c.example"),    // external type
			newRecord(0x00, "", "", ""),                              // empty
			longForm(newRecord(0x05, "", "", "U\x04c.example")),      // unknown
			uri(last, recordA)), a, nil},
		{"in a poster", poster(only, title, uri(last, recordA)), a, nil},
		{"in a long poster", longForm(poster(only, uri(first, recordA), newRecord(last, "act", "", "\x00"))), a, nil},
		{"a poster before a record", slices.Concat(poster(first, uri(only, recordA)), uri(last, recordB)), a, nil},
		{"a record before a poster", slices.Concat(uri(first, recordA), poster(last, uri(only, recordB))), a, nil},
		{"a poster without one, then a record", slices.Concat(poster(first, title), uri(last, recordA)), a, nil},
		{"an empty poster, then a record", slices.Concat(poster(first), uri(last, recordA)), a, nil},
		{"a poster in a poster is none", poster(only, poster(only, uri(only, recordA))), "", ErrNoURI},
		{"a broken poster", slices.Concat(poster(first, uri(only, recordA)[:7]), uri(last, recordB)), "", ErrMalformed},

		{"nothing behind the message's end", slices.Concat(newRecord(only, "T", "", "\x02enx"), uri(only, recordA)),
			"", ErrNoURI},
		{"the end flag is missing", uri(first, recordA), a, nil},
		{"the end flag is missing, no URI", title, "", ErrNoURI},
		{"the begin flag is missing", uri(last, recordA), a, nil},
		{"no flags at all", slices.Concat(newRecord(middle, "T", "", "\x02enx"), uri(middle, recordA)), a, nil},
		{"bytes behind the message", append(uri(only, recordA), 0xFE, 0x00), a, nil},

		{"a chunk", newRecord(only|flagChunk, "U", "", "\x04"+recordA), "", ErrMalformed},
		{"a chunk before a record", slices.Concat(newRecord(first|flagChunk, "T", "", "\x02en"), uri(last, recordA)),
			"", ErrMalformed},
		{"empty", nil, "", ErrNoURI},
		{"an empty record", newRecord(0xC0, "", "", ""), "", ErrNoURI},
		{"a URI of no bytes", newRecord(only, "U", "", ""), "", ErrNoURI},
		{"a URI of nothing but a prefix", newRecord(only, "U", "", "\x04"), "", ErrNoURI},
		{"another type that begins with U", newRecord(only, "Ux", "", "\x04"+recordA), "", ErrNoURI},
		{"lower case", newRecord(only, "u", "", "\x04"+recordA), "", ErrNoURI},
		{"a U that is not well-known", newRecord(0xC0|0x04, "U", "", "\x04"+recordA), "", ErrNoURI},
		{"a payload that would overflow", []byte{only, 1, 0xFF, 0xFF, 0xFF, 0xFF, 'U', 4, 'a'}, "", ErrMalformed},
		{"hostile bytes pass unchanged", newRecord(only, "U", "", "\x00\x00\xff\r\n\"<"), "\x00\xff\r\n\"<", nil},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FirstURI(tt.in)
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// What stays of a message that breaks off is no URL, least of all a shorter one.
func TestTruncatedMessage(t *testing.T) {
	uri := newRecord(only, "U", "id", "\x04a.example/1?e=2")
	whole := map[string][]byte{
		"short":         uri,
		"long":          longForm(uri),
		"poster":        newRecord(only, "Sp", "", string(uri)),
		"behind a text": append(newRecord(first, "T", "", "\x02enx"), uri...),
	}

	for name, msg := range whole {
		t.Run(name, func(t *testing.T) {
			for n := range msg {
				if got, err := FirstURI(msg[:n]); err == nil {
					t.Errorf("%d of %d bytes: got %q, want an error", n, len(msg), got)
				}
			}

			if got, err := FirstURI(msg); string(got) != "https://a.example/1?e=2" {
				t.Errorf("all bytes: got %q, %v", got, err)
			}
		})
	}
}

// NFC Forum RTD URI 1.0, table 3.
func TestURIPrefixes(t *testing.T) {
	const table = `
		00
		01 http://www.
		02 https://www.
		03 http://
		04 https://
		05 tel:
		06 mailto:
		07 ftp://anonymous:anonymous@
		08 ftp://ftp.
		09 ftps://
		0A sftp://
		0B smb://
		0C nfs://
		0D ftp://
		0E dav://
		0F news:
		10 telnet://
		11 imap:
		12 rtsp://
		13 urn:
		14 pop:
		15 sip:
		16 sips:
		17 tftp:
		18 btspp://
		19 btl2cap://
		1A btgoep://
		1B tcpobex://
		1C irdaobex://
		1D file://
		1E urn:epc:id:
		1F urn:epc:tag:
		20 urn:epc:pat:
		21 urn:epc:raw:
		22 urn:epc:
		23 urn:nfc:`

	prefixes := strings.Split(strings.TrimSpace(table), "\n")
	if len(prefixes) != 36 {
		t.Fatalf("%d prefixes in the table, want 36", len(prefixes))
	}

	for code := range 256 {
		var prefix string // the reserved ones stand for none
		if code < len(prefixes) {
			_, prefix, _ = strings.Cut(strings.TrimSpace(prefixes[code]), " ")
		}

		got, err := FirstURI(newRecord(only, "U", "", string([]byte{byte(code), 'x'})))
		if want := prefix + "x"; string(got) != want || err != nil {
			t.Errorf("code %02X: got %q, %v; want %q", code, got, err, want)
		}
	}
}

// Whatever bytes a tag holds, they give a URI that is not longer than they allow, or one of two errors.
func FuzzFirstURI(f *testing.F) {
	uri := newRecord(only, "U", "", "\x04tap.example.com/tag_a?e=1")
	f.Add(uri)
	f.Add(longForm(newRecord(only, "U", "", "\x00ab")))
	f.Add(newRecord(only, "Sp", "", string(uri)))

	f.Fuzz(func(t *testing.T, message []byte) {
		uri, err := FirstURI(message)
		if err != nil {
			if !errors.Is(err, ErrNoURI) && !errors.Is(err, ErrMalformed) {
				t.Fatalf("FirstURI(%x): %v, want %v or %v", message, err, ErrNoURI, ErrMalformed)
			}
			return
		}

		if len(uri) > len(message)+len("ftp://anonymous:anonymous@") {
			t.Fatalf("FirstURI(%x) = %q, longer than the message allows", message, uri)
		}
	})
}
