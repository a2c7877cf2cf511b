// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/tagbase/tagbase-edge/internal/terminal"
)

// Mark returns the sign with which a finding's line begins.
func (s Status) Mark() string {
	switch s {
	case OK:
		return "✓"
	case Wrong:
		return "✗"
	default:
		return "–"
	}
}

// Print writes findings for a person: a line each, and under it what mends it. Nothing that
// others have written into a finding reaches the terminal as a command.
func Print(w io.Writer, findings []Finding) {
	for _, f := range findings {
		found := f.Found
		if f.Status == Wrong && f.Code != 0 {
			found = fmt.Sprintf("%s (service code %d)", found, f.Code)
		}

		fmt.Fprintf(w, "%s %-13s  %s\n", f.Status.Mark(), f.Check, terminal.Printable(found))
		for _, line := range f.Mend {
			fmt.Fprintf(w, "    mend:        %s\n", terminal.Printable(line))
		}
		for _, line := range f.Better {
			fmt.Fprintf(w, "    better:      %s\n", terminal.Printable(line))
		}
	}
}

// PrintJSON writes findings as one JSON object, with the version of the program that found them.
func PrintJSON(w io.Writer, version string, findings []Finding) error {
	report := struct {
		Version     string    `json:"version"`
		Time        time.Time `json:"time"`
		Healthy     bool      `json:"healthy"`
		ServiceCode int       `json:"service_code"` // the lowest of all; 0 is none
		Checks      []Finding `json:"checks"`
	}{version, time.Now().UTC().Truncate(time.Second), Healthy(findings), 0, findings}
	for _, f := range findings {
		if f.Status == Wrong && f.Code != 0 && (report.ServiceCode == 0 || f.Code < report.ServiceCode) {
			report.ServiceCode = f.Code
		}
	}

	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(terminal.EscapeJSON(b), '\n'))
	return err
}
