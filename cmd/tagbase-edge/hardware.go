// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/atomicfile"
	"github.com/tagbase/tagbase-edge/internal/hardwarecheck"
	"github.com/tagbase/tagbase-edge/internal/prompt"
	"github.com/tagbase/tagbase-edge/internal/terminal"
	"github.com/tagbase/tagbase-edge/reader"
)

var errNoTerminal = errors.New("--hardware asks for tags to be laid down, and this is not a terminal")

// checkHardware asks a person for tags, checks what they and the reader do, and writes the report to file. Without a
// device it takes the one of the configuration.
func checkHardware(c *cobra.Command, configuration, device, file string) error {
	if device == "" {
		cfg, err := loadReadable(c, configuration)
		if err != nil {
			return err
		}
		device = cfg.Reader.Device
	}
	if err := reader.CheckConnstring(device); err != nil {
		return fail(c, err)
	}

	out := c.OutOrStdout()
	ask := prompt.New(os.Stdin, out)
	if ask == nil {
		return errNoTerminal
	}
	program, err := os.Executable()
	if err != nil {
		return fail(c, err)
	}

	fmt.Fprintln(out, "Ten checks, for which you lay two tags on the reader. The station must not run meanwhile.")
	report, err := hardwarecheck.Run(c.Context(), hardwarecheck.Options{
		Device: device,
		Ask: func(question string) (skip bool, err error) {
			answer, err := ask.Line(question+" Then press Enter, or s and Enter to skip.", "")
			return answer == "s", err
		},
		Save: func(r hardwarecheck.HardwareReport) error { return saveReport(file, r) },
		Command: func(check string, tags hardwarecheck.Arrangement) []string {
			return []string{program, "try-hardware", device, check, string(tags)}
		},
		Out: out,
	})
	if err != nil {
		return fail(c, err)
	}

	fmt.Fprintf(out, "The report is in %s. It holds no key, no UID and no URL: send it to us.\n", terminal.Quote(file))
	if !report.Agrees() {
		return exitError(exitFailed)
	}
	return nil
}

// saveReport replaces the report so far. It holds no secret, and everybody may read it.
func saveReport(file string, r hardwarecheck.HardwareReport) error {
	b, err := r.JSON()
	if err != nil {
		return err
	}
	return atomicfile.Write(file, b, 0o644)
}

// tryHardwareCommand is the child process in which one check of the hardware is made.
func tryHardwareCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "try-hardware DEVICE CHECK TAGS",
		Short:  "Make one check of the hardware, and end (internal)",
		Args:   cobra.ExactArgs(3),
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return hardwarecheck.RunOne(args[0], args[1], hardwarecheck.Arrangement(args[2]), os.Stdin, os.Stdout)
		},
	}
}
