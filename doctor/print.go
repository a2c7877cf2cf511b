// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/tagbase/tagbase-edge/internal/terminal"
	"github.com/tagbase/tagbase-edge/scan"
)

// Mark returns the sign with which a finding's line begins.
func (r Result) Mark() string {
	switch r {
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
		if f.Result == Wrong && f.Code != 0 {
			found = fmt.Sprintf("%s (service code %d)", found, f.Code)
		}

		fmt.Fprintf(w, "%s %-13s  %s\n", f.Result.Mark(), f.Check, terminal.Printable(found))
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
		Version     string           `json:"version"`
		Time        time.Time        `json:"time"`
		Healthy     bool             `json:"healthy"`
		ServiceCode scan.ServiceCode `json:"service_code"` // the lowest of all, as the lamps show it; 0 is none
		Checks      []Finding        `json:"checks"`
	}{version, time.Now().UTC().Truncate(time.Second), Healthy(findings), scan.ServiceNone, findings}

	for _, f := range findings {
		if f.Result == Wrong && f.Code != 0 && (report.ServiceCode == 0 || f.Code < report.ServiceCode) {
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
