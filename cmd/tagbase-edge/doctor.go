// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/terminal"
)

func doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything in the order in which it breaks, and say what mends it; exit 0 if nothing is wrong",
		Long: `Looks at the station from the board to the platform, in the order in which things break.
Each line begins with ✓ (in order), ✗ (wrong) or – (does not apply, or could not be looked at).
Under a ✗ stands what to run or to write, as it is to be copied.

It works beside the running daemon and without it. Run it as root, or it cannot see who
holds the reader's port. Nothing is changed, and no secret is printed.`,
		Example: `  sudo tagbase-edge doctor
  sudo tagbase-edge doctor --json >doctor.json      # for a bug report
  tagbase-edge doctor --json | jq '.checks[] | select(.status == "wrong")'`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "one JSON object")
	root := c.Flags().String("root", "/", "read the system's files below `DIR`")
	c.Flags().MarkHidden("root")
	c.RunE = func(c *cobra.Command, _ []string) error {
		findings := doctor.Examine(examined(c.Context(), *file, os.DirFS(*root)))
		if *asJSON {
			if err := tellJSON(c.OutOrStdout(), findings); err != nil {
				return err
			}
		} else {
			tellFindings(c.OutOrStdout(), findings)
		}
		if !doctor.Healthy(findings) {
			return exitError(exitFailed)
		}
		return nil
	}
	return c
}

var marks = map[doctor.Status]string{doctor.OK: "✓", doctor.Wrong: "✗", doctor.Skipped: "–"}

func tellFindings(w io.Writer, findings []doctor.Finding) {
	for _, f := range findings {
		found := f.Found
		if f.Status == doctor.Wrong && f.Code != 0 {
			found = fmt.Sprintf("%s (service code %d)", found, f.Code)
		}
		fmt.Fprintf(w, "%s %-13s  %s\n", marks[f.Status], f.Check, terminal.Printable(found))
		for _, line := range f.Mend {
			fmt.Fprintf(w, "    mend:        %s\n", terminal.Printable(line))
		}
		for _, line := range f.Better {
			fmt.Fprintf(w, "    better:      %s\n", terminal.Printable(line))
		}
	}
}

func tellJSON(w io.Writer, findings []doctor.Finding) error {
	report := struct {
		Version     string           `json:"version"`
		Time        time.Time        `json:"time"`
		Healthy     bool             `json:"healthy"`
		ServiceCode int              `json:"service_code"`
		Checks      []doctor.Finding `json:"checks"`
	}{buildinfo.Version(), time.Now().UTC().Truncate(time.Second), doctor.Healthy(findings), 0, findings}
	for _, f := range findings {
		if f.Status == doctor.Wrong && f.Code != 0 && (report.ServiceCode == 0 || f.Code < report.ServiceCode) {
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

// itself is this program with other arguments.
func itself(args ...string) ([]string, error) {
	program, err := os.Executable()
	return append([]string{program}, args...), err
}
