// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Tell every problem in the configuration, one a line; exit 0 if there is none",
		Args:  cobra.NoArgs,
	}
	file := configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		_, problems := loadConfig(*file)
		if len(problems) > 0 {
			tell(c.OutOrStdout(), *file, problems)
			return exitError(exitFailed)
		}
		warn(c.OutOrStdout(), *file)
		fmt.Fprintf(c.ErrOrStderr(), "%s: no problem found\n", *file)
		return nil
	}
	return c
}

func tell(w io.Writer, file string, problems []problem) {
	for _, p := range problems {
		fmt.Fprintln(w, p.in(file))
	}
}
