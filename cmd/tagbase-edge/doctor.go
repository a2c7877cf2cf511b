// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/probes"
)

func doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything from the board to the platform, and say what mends it; exit 0 if nothing is wrong",
		Long: `Checks the station from the board to the platform, in the order in which things break.
Each line begins with ✓ (in order), ✗ (wrong) or – (does not apply, or could not be checked).
Below a ✗ are the commands to run or the lines to write, ready to copy.

It works beside the running daemon and without it. Run it as root: otherwise it cannot see which
process holds the reader's port. It changes nothing, and prints no secret.

With --hardware it does something else: it asks you to lay two tags on the reader, finds out what
the reader and they do, and writes a report for us, without secrets. The station must not run
meanwhile. Exit 0 if all is as we assume.`,
		Example: `  sudo tagbase-edge doctor
  sudo tagbase-edge doctor --json >doctor.json      # for a bug report
  tagbase-edge doctor --json | jq '.checks[] | select(.status == "wrong")'
  sudo systemctl stop tagbase-edge && sudo tagbase-edge doctor --hardware report.json`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "one JSON object")
	report := c.Flags().String("hardware", "", "ask for tags, try what the reader and they do, and write it to `FILE`")
	device := c.Flags().String("device", "", "with --hardware: a libnfc `CONNSTRING`, if not the configured reader")
	root := c.Flags().String("root", "/", "read the system's files below `DIR`")
	c.Flags().MarkHidden("root") // for tests

	c.RunE = func(c *cobra.Command, _ []string) error {
		if *report != "" {
			return checkHardware(c, *file, *device, *report)
		}

		findings := doctor.Examine(probes.Subject(c.Context(), *file, os.DirFS(*root)))
		if !*asJSON {
			doctor.Print(c.OutOrStdout(), findings)
		} else if err := doctor.PrintJSON(c.OutOrStdout(), buildinfo.Version(), findings); err != nil {
			return err
		}

		// The exit status is for a script or a monitor that does not read the lines.
		if !doctor.Healthy(findings) {
			return exitError(exitFailed)
		}
		return nil
	}
	return c
}
