// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// record is one NDEF record of a short length.
func record(flags byte, kind, id, payload string) []byte {
	r := []byte{flags | flagShortRecord, byte(len(kind)), byte(len(payload))}
	if id != "" {
		r[0] |= flagID
		r = append(r, byte(len(id)))
	}
	return append(r, kind+id+payload...)
}

// long is the same record with a length of four bytes.
func long(record []byte) []byte {
	return append([]byte{record[0] &^ flagShortRecord, record[1], 0, 0, 0, record[2]}, record[3:]...)
}

const (
	only   = 0xC0 | tnfWellKnown // message begin and end
	first  = 0x80 | tnfWellKnown
	middle = 0x00 | tnfWellKnown
	last   = 0x40 | tnfWellKnown
)

func TestFirstURI(t *testing.T) {
	const a, b = "https://a.example/1", "https://b.example/2"
	uri := func(flags byte, rest string) []byte { return record(flags, "U", "", "\x04"+rest) }
	recordA, recordB := "a.example/1", "b.example/2"
	title := record(first, "T", "", "\x02enchair")
	poster := func(flags byte, inside ...[]byte) []byte {
		return record(flags, "Sp", "", string(slices.Concat(inside...)))
	}
	tests := []struct {
		name string
		in   []byte
		want string
		err  error
	}{
		{"one short record", uri(only, recordA), a, nil},
		{"one long record", long(uri(only, recordA)), a, nil},
		{"short with an id", record(only, "U", "id", "\x04"+recordA), a, nil},
		{"long with an id", long(record(only, "U", "id", "\x04"+recordA)), a, nil},
		{"an empty id field", []byte{only | flagShortRecord | flagID, 1, 3, 0, 'U', 0, 'a', 'b'}, "ab", nil},
		{"no prefix", record(only, "U", "", "\x00urn:x"), "urn:x", nil},
		{"the first of two", slices.Concat(uri(first, recordA), uri(last, recordB)), a, nil},
		{"behind other records", slices.Concat(
			title,
			record(0x02, "text/plain", "id", "https://c.example"), // media type
			record(0x03, "https://d.example", "", ""),             // absolute URI as a type
			record(0x04, "example.com:U", "", "\x04c.example"),    // external type
			record(0x00, "", "", ""),                              // empty
			long(record(0x05, "", "", "U\x04c.example")),          // unknown
			uri(last, recordA)), a, nil},
		{"in a poster", poster(only, title, uri(last, recordA)), a, nil},
		{"in a long poster", long(poster(only, uri(first, recordA), record(last, "act", "", "\x00"))), a, nil},
		{"a poster before a record", slices.Concat(poster(first, uri(only, recordA)), uri(last, recordB)), a, nil},
		{"a record before a poster", slices.Concat(uri(first, recordA), poster(last, uri(only, recordB))), a, nil},
		{"a poster without one, then a record", slices.Concat(poster(first, title), uri(last, recordA)), a, nil},
		{"an empty poster, then a record", slices.Concat(poster(first), uri(last, recordA)), a, nil},
		{"a poster in a poster is none", poster(only, poster(only, uri(only, recordA))), "", errNoURL},
		{"a broken poster", slices.Concat(poster(first, uri(only, recordA)[:7]), uri(last, recordB)), "", errNoNDEF},

		{"nothing behind the message's end", slices.Concat(record(only, "T", "", "\x02enx"), uri(only, recordA)), "", errNoURL},
		{"the end flag is missing", uri(first, recordA), a, nil},
		{"the end flag is missing, no URI", title, "", errNoURL},
		{"the begin flag is missing", uri(last, recordA), a, nil},
		{"no flags at all", slices.Concat(record(middle, "T", "", "\x02enx"), uri(middle, recordA)), a, nil},
		{"bytes behind the message", append(uri(only, recordA), 0xFE, 0x00), a, nil},

		{"a chunk", record(only|flagChunk, "U", "", "\x04"+recordA), "", errNoNDEF},
		{"a chunk before a record", slices.Concat(record(first|flagChunk, "T", "", "\x02en"), uri(last, recordA)), "", errNoNDEF},
		{"empty", nil, "", errNoURL},
		{"an empty record", record(0xC0, "", "", ""), "", errNoURL},
		{"a URI of no bytes", record(only, "U", "", ""), "", errNoURL},
		{"a URI of nothing but a prefix", record(only, "U", "", "\x04"), "", errNoURL},
		{"another type that begins with U", record(only, "Ux", "", "\x04"+recordA), "", errNoURL},
		{"lower case", record(only, "u", "", "\x04"+recordA), "", errNoURL},
		{"a U that is not well-known", record(0xC0|0x04, "U", "", "\x04"+recordA), "", errNoURL},
		{"a payload that would overflow", []byte{only, 1, 0xFF, 0xFF, 0xFF, 0xFF, 'U', 4, 'a'}, "", errNoNDEF},
		{"hostile bytes pass unchanged", record(only, "U", "", "\x00\x00\xff\r\n\"<"), "\x00\xff\r\n\"<", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := firstURI(tt.in)
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// What stays of a message that breaks off is no URL, least of all a shorter one.
func TestTruncatedMessage(t *testing.T) {
	uri := record(only, "U", "id", "\x04a.example/1?e=2")
	whole := map[string][]byte{
		"short":         uri,
		"long":          long(uri),
		"poster":        record(only, "Sp", "", string(uri)),
		"behind a text": append(record(first, "T", "", "\x02enx"), uri...),
	}
	for name, msg := range whole {
		t.Run(name, func(t *testing.T) {
			for n := range msg {
				if got, err := firstURI(msg[:n]); err == nil {
					t.Errorf("%d of %d bytes: got %q, want an error", n, len(msg), got)
				}
			}
			if got, err := firstURI(msg); string(got) != "https://a.example/1?e=2" {
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
		got, err := firstURI(record(only, "U", "", string([]byte{byte(code), 'x'})))
		if want := prefix + "x"; string(got) != want || err != nil {
			t.Errorf("code %02X: got %q, %v; want %q", code, got, err, want)
		}
	}
}
