// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"strings"
	"testing"
)

// In every recording each frame to a PN532, and each CCID message, can be put on the wire.
func TestEveryRecordingHasItsWire(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 40 { // 49 when this was written; a wrong pattern would find none
		t.Fatalf("got %d recordings, want all of testdata", len(all))
	}

	for _, r := range all {
		for _, s := range r.Steps {
			onWire := s.Mark == Command || s.Mark == Answer || s.Mark == Assumption
			if r.Layer == Air || !onWire {
				continue
			}
			if _, err := r.Wire(s); err != nil {
				t.Errorf("%s.trace:%d: %v", r.Name, s.Line, err)
			}
		}
	}
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	const head = "source x#1\ngrade R\nlayer pn532\non nothing\n"
	tests := []struct {
		name, text string
		want       string // the line of the error
	}{
		{"good", head + "# comment\n802 > 00ff # comment\n< *3 9000\n= nobody\n", ""},
		{"no steps", head, "4"},
		{"no source", "grade R\nlayer pn532\non nothing\n> 00\n", "4"},
		{"a grade that nobody gives", "grade X\n", "1"},
		{"a layer that there is not", "layer usb\n", "1"},
		{"a chip that there is not", "on ntag999\n", "1"},
		{"a tag without ATS", "on tag 0044 00 04112233445566\n", "1"},
		{"a key that there is not", "colour red\n", "1"},
		{"odd hex", head + "> 0\n", "5"},
		{"a mark that there is not", head + "> 00\n? 00\n", "6"},
		{"a key behind the first step", head + "> 00\ngrade R\n", "6"},
		{"a step without its rest", head + ">\n", "5"},
		{"a number of unknown bytes that is none", head + "< *x 9000\n", "5"},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse("test", tt.text)
			got := ""
			if err != nil {
				got, _, _ = strings.Cut(err.Error(), ":")
			}
			if got != tt.want {
				t.Errorf("got %v, want an error in line %q", err, tt.want)
			}
		})
	}
}
