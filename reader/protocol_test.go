// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

func TestEventSurvivesThePipe(t *testing.T) {
	now := time.Now()
	kib, kibURL := bigMessage(maxNDEF)
	if len(kib) != maxNDEF {
		t.Fatalf("a message of %d bytes", len(kib))
	}

	tests := []struct {
		name string
		in   Event
	}{
		{"ready", Event{Kind: EventReady}},
		{"beat", Event{Kind: EventBeat}},
		{"entered", Event{Kind: EventEntered, Tap: Tap{UID: "04de5f1eacc040", Chip: ChipNTAG424, Entered: now}}},
		{"tap", Event{Kind: EventTap, Tap: Tap{
			UID: "04", Chip: ChipNTAG22x, URL: "https://a.example/?m=1&x=%20",
			Entered: now, Read: now.Add(46 * time.Millisecond),
		}}},
		{"without a URL", Event{Kind: EventTap, Tap: Tap{
			UID: "04", Chip: ChipOther, Reason: scan.ReasonUnsupported, Entered: now, Read: now,
		}}},
		{"hostile bytes", Event{Kind: EventTap, Tap: Tap{
			URL: "\x00\"}\n{\"kind\":\"fault\"}\r\n\xff\xfe<>&\u2028", Entered: now, Read: now,
		}}},
		{"1 KiB", Event{Kind: EventTap, Tap: Tap{
			UID: strings.Repeat("0", 20), Chip: ChipNTAG424, URL: kibURL, Entered: now, Read: now,
		}}},
		{"the longest prefix", Event{Kind: EventTap, Tap: Tap{
			URL: "ftp://anonymous:anonymous@" + strings.Repeat("\xff", maxNDEF),
		}}},
		{"fault", Event{Kind: EventFault, Err: errors.New("no answer; check \"wires\"\nand power")}},
		{"missing", Event{Kind: EventFault, Err: errors.New("gone"), Missing: true}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line, err := EncodeEvent(tt.in)
			if err != nil {
				t.Fatal(err)
			}

			if i := bytes.IndexByte(line, '\n'); i != len(line)-1 || len(line) > MaxLine {
				t.Errorf("a line of %d bytes with its first end at %d", len(line), i)
			}
			got, err := DecodeEvent(bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				t.Fatal(err)
			}

			sameMoment(t, "entered", got.Tap.Entered, tt.in.Tap.Entered)
			sameMoment(t, "read", got.Tap.Read, tt.in.Tap.Read)
			if text(got.Err) != text(tt.in.Err) {
				t.Errorf("error %q, want %q", text(got.Err), text(tt.in.Err))
			}

			want := tt.in
			got.Tap.Entered, got.Tap.Read, got.Err = want.Tap.Entered, want.Tap.Read, want.Err
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// sameMoment leaves room for what passes between two readings of a clock.
func sameMoment(t *testing.T, name string, got, want time.Time) {
	t.Helper()
	if got.IsZero() != want.IsZero() || got.Sub(want).Abs() > 20*time.Millisecond {
		t.Errorf("%s %v, want %v", name, got, want)
	}
	if !got.IsZero() && !strings.Contains(got.String(), "m=") {
		t.Errorf("%s %v is a reading of the wall clock", name, got)
	}
}

// An hour that lies before the line was read is still an hour afterwards.
func TestEventMomentsAreMonotonic(t *testing.T) {
	const hour = time.Hour
	line, err := EncodeEvent(Event{Kind: EventTap, Tap: Tap{Entered: time.Now().Add(-hour), Read: time.Now()}})
	if err != nil {
		t.Fatal(err)
	}

	e, err := DecodeEvent(line)
	if err != nil {
		t.Fatal(err)
	}

	sameMoment(t, "entered", e.Tap.Entered, time.Now().Add(-hour))
	sameMoment(t, "read", e.Tap.Read, time.Now())
	if took := e.Tap.Read.Sub(e.Tap.Entered) - hour; took.Abs() > 20*time.Millisecond {
		t.Errorf("the tap took an hour and %v, want an hour", took)
	}
}

func TestDecodeEventRefusesOtherLines(t *testing.T) {
	tests := []struct{ name, in string }{
		{"empty", ""},
		{"text", "error libnfc.bus.uart"},
		{"not an object", `["beat"]`},
		{"an unknown kind", `{"kind":"tag"}`},
		{"no kind", `{}`},
		{"null", `null`},
		{"an unknown field", `{"kind":"beat","more":1}`},
		{"a field of another type", `{"kind":"tap","uid":4}`},
		{"a URL that is not base64", `{"kind":"tap","url":"https://a"}`},
		{"broken off", `{"kind":"beat"`},
		{"two in a line", `{"kind":"beat"}{"kind":"beat"}`},
		{"something behind it", `{"kind":"beat"} libnfc`},
		{"a bracket behind it", `{"kind":"beat"}}`},
		{"a moment that is no number", `{"kind":"tap","entered":1e99}`},
	}
	for _, tt := range tests {
		if got, err := DecodeEvent([]byte(tt.in)); !errors.Is(err, ErrBadLine) {
			t.Errorf("%s: got %+v, %v; want %v", tt.name, got, err, ErrBadLine)
		}
	}
}

// However long an error's text is, its line is one that the daemon takes.
func TestLongFaultFitsALine(t *testing.T) {
	line, err := EncodeEvent(Event{Kind: EventFault, Err: errors.New("reader: " + strings.Repeat("\x00", 10_000))})
	if err != nil {
		t.Fatal(err)
	}

	if len(line) > MaxLine {
		t.Errorf("a line of %d bytes, want at most %d", len(line), MaxLine)
	}
	if e, err := DecodeEvent(line); err != nil || !strings.HasPrefix(text(e.Err), "reader: ") {
		t.Errorf("got %+v, %v", e, err)
	}
}

// BenchmarkEvent writes and reads the line of a tap, the whole of what the child's
// protocol costs beside the pipe.
func BenchmarkEvent(b *testing.B) {
	now := time.Now()
	tap := Event{Kind: EventTap, Tap: Tap{
		UID: "04de5f1eacc040", Chip: ChipNTAG424, Entered: now, Read: now,
		URL: "https://tags.example/tag_4Gz424bench0?m=" + strings.Repeat("0", 48),
	}}
	b.ReportAllocs()

	for b.Loop() {
		line, err := EncodeEvent(tap)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := DecodeEvent(line[:len(line)-1]); err != nil {
			b.Fatal(err)
		}
	}
}
