// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
)

// The page has every check, every field of the report, and every value that a field of a fixed choice can have.
func TestPageDescribesTheReport(t *testing.T) {
	b, err := os.ReadFile("../../docs/hardware-check.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)

	words := []string{string(Agrees), string(Differs), string(NotChecked)}
	for _, s := range steps {
		words = append(words, s.name, string(s.tags))
	}
	for _, shape := range []any{HardwareReport{}, Check{}, Observation{}, Frame{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(shape)) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			words = append(words, name)
		}
	}
	for _, word := range words {
		if word == "" || !strings.Contains(page, "`"+word+"`") {
			t.Errorf("the page does not have `%s`", word)
		}
	}
}

// What others have put into the report reaches a terminal as text alone.
func TestReportAndSummaryAreSafeToPrint(t *testing.T) {
	const hostile = "\x1b]0;title\a\u202e"
	r := newReport(hostile)
	r.Checks[0].Observations[0].Seen = hostile
	b, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}

	var summary bytes.Buffer
	r.Checks[0].Print(&summary)
	for _, text := range []string{string(b), summary.String()} {
		if strings.ContainsAny(text, "\x1b\a\u202e") {
			t.Errorf("%q", text)
		}
	}
}
