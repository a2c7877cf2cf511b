// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"encoding/json"
	"testing"
)

// hostile clears the screen, renames the window, turns text around, and deletes.
const hostile = "\x1b[2J\x1b]0;root\a\u202egnp.exe\x7f"

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"":               "",
		"tag_01 ~":       "tag_01 ~",
		"two\nlines":     `"two\nlines"`,
		"Zürich":         `"Z\u00fcrich"`,
		hostile:          `"\x1b[2J\x1b]0;root\a\u202egnp.exe\x7f"`,
		"not \xff UTF-8": `"not \xff UTF-8"`,
	} {
		if got := Quote(text); got != want {
			t.Errorf("Quote(%q) is %s, want %s", text, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"Zürich, 5 °C": "Zürich, 5 °C",
		"two\nlines":   "two?lines",
		hostile:        "?[2J?]0;root??gnp.exe?",
	} {
		if got := Printable(text); got != want {
			t.Errorf("Printable(%q) is %q, want %q", text, got, want)
		}
	}
}

func TestEscapeJSONKeepsTheValue(t *testing.T) {
	for _, text := range []string{hostile, "Zürich", "\U0001F3F7", "plain"} {
		b, err := json.MarshalIndent(map[string]string{"x": text}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}

		escaped := EscapeJSON(b)
		for _, c := range escaped {
			if c != '\n' && (c < ' ' || c > '~') {
				t.Errorf("%q is written with the byte %#x", text, c)
			}
		}

		var back map[string]string
		if err := json.Unmarshal(escaped, &back); err != nil || back["x"] != text {
			t.Errorf("%q comes back as %q: %v", text, back["x"], err)
		}
	}
}
