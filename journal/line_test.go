// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tagbase/tagbase-edge/scan"
)

// checksummed makes a line of any JSON, as another version may have written it.
func checksummed(text string) string {
	return fmt.Sprintf("%08x %s\n", crc32.Checksum([]byte(text), castagnoli), text)
}

func TestPiecesFindEveryWholeLine(t *testing.T) {
	one, two := string(recordLine(scanOf(1, "a"))), string(intentOf(2, "a").line())
	type part struct {
		kind kind
		seq  uint64
	}

	for _, tt := range []struct {
		name string
		text string
		want []part
	}{
		{"nothing", "", nil},
		{"both kinds", one + two, []part{{finished, 1}, {intent, 2}}},
		{"torn", one + two[:40], []part{{finished, 1}, {torn, 0}}},
		{"only its end is missing", one[:len(one)-1], []part{{torn, 0}}},
		{"a wrong bit in the checksum", "g" + one[1:] + two, []part{{damaged, 0}, {intent, 2}}},
		{"no space", one[:8] + "_" + one[9:], []part{{damaged, 0}}},
		{"two run together", one[:len(one)-1] + "?" + two, []part{{damaged, 0}, {intent, 2}}},
		{"zeros before", strings.Repeat("\x00", 10000) + two, []part{{damaged, 0}, {intent, 2}}},
		{"zeros after", one + strings.Repeat("\x00", 512), []part{{finished, 1}, {torn, 0}}},
		{"an empty line", one + "\n" + two, []part{{finished, 1}, {damaged, 0}, {intent, 2}}},
		{"too long", checksummed(`{"k":"scan","seq":3,"x":"` + strings.Repeat("x", MaxLine) + `"}`),
			[]part{{damaged, 0}}},
		{"a member that we do not know", checksummed(`{"k":"scan","seq":3,"colour":"blue"}`), []part{{finished, 3}}},
		{"members that are missing", checksummed(`{"k":"intent","seq":3}`), []part{{intent, 3}}},
		{"a kind that we do not know", checksummed(`{"k":"weather","seq":3}`), []part{{unknownKind, 0}}},
		{"a member of another type", checksummed(`{"k":"scan","seq":"3"}`), []part{{unknownKind, 0}}},
		{"no JSON", checksummed(`{`), []part{{unknownKind, 0}}},
	} {
		var got []part
		for p := range pieces([]byte(tt.text)) {
			got = append(got, part{p.kind, p.record.Seq})
		}

		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(part{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// Whatever a tag or the platform sends, a line is one line, not too long, and can be read
// again.
func TestEveryLineFitsAndReadsBack(t *testing.T) {
	long := strings.Repeat("\x01\n\xff", 3000)
	for _, tt := range []struct {
		name   string
		record scan.Record
		want   scan.Record
	}{
		{"a usual scan", scanOf(1, "a"), scanOf(1, "a")},
		{"long", scan.Record{Seq: 1, Session: long, Tag: "tag_1"}, scan.Record{Seq: 1, Tag: "tag_1"}},
		{"every text is long", scan.Record{
			Seq: 1, Station: long, Tag: long, UID: long, Chip: long, Session: long, CarriedSession: long,
			Verification: long, Reason: scan.Reason(long), Outcome: scan.Outcome(long), Boot: long,
		}, scan.Record{Seq: 1}},
		{"lines in a text",
			scan.Record{Seq: 1, UID: "\n\n00000000 {}\n"},
			scan.Record{Seq: 1, UID: "\n\n00000000 {}\n"}},
		{"not a number, infinity", scan.Record{Seq: 1, ReadMS: math.NaN(), TotalMS: math.Inf(1)}, scan.Record{Seq: 1}},
		{"a year after 9999", scan.Record{Seq: 1, Time: time.Unix(1<<40, 0)}, scan.Record{Seq: 1}},
		{"another zone", scan.Record{Time: noon.In(time.FixedZone("", 3600))}, scan.Record{Time: noon}},
	} {
		line := recordLine(tt.record)
		var got []piece
		for p := range pieces(line) {
			got = append(got, p)
		}

		want := []piece{{finished, 0, len(line), tt.want}}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(piece{})); diff != "" || len(line) > MaxLine {
			t.Errorf("%s: %d bytes (-want +got):\n%s", tt.name, len(line), diff)
		}
	}

	i := intentOf(1, "a")
	i.Tag, i.Session = long, long
	if n := len(i.line()); n > MaxLine {
		t.Errorf("an intent of %d bytes", n)
	}
}

// FuzzPieces checks that the pieces of any bytes cover them in order, and that a whole
// line is found behind any bytes.
func FuzzPieces(f *testing.F) {
	one, two := recordLine(scanOf(1, "a")), intentOf(2, "a").line()
	f.Add(one)
	f.Add(two[:50])
	f.Add(append(one[:len(one)-1:len(one)-1], two...))
	f.Add([]byte(checksummed(`{"k":"scan","time":"0000-01-01T00:00:00+23:59"}`)))
	f.Add(bytes.Repeat([]byte("00000000 {"), 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		at := 0
		for p := range pieces(b) {
			if p.at != at || p.end <= p.at {
				t.Fatalf("a piece from %d to %d after %d bytes", p.at, p.end, at)
			}

			at = p.end
			if p.kind == finished {
				if n := len(recordLine(p.record)); n > MaxLine {
					t.Fatalf("a line of %d bytes", n)
				}
			}
		}

		if at != len(b) {
			t.Fatalf("the pieces end at %d of %d bytes", at, len(b))
		}

		var last piece
		for p := range pieces(append(b[:len(b):len(b)], two...)) {
			last = p
		}

		if last.kind != intent || last.record.Seq != 2 {
			t.Fatalf("an intent after %q is not found", b)
		}
	})
}
