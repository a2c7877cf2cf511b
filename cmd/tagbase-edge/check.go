// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Tell every problem in the configuration, one a line; exit 0 if there is none",
		Long: `Tells every problem in the configuration at once, in the file's order, as
FILE:LINE:COLUMN: key: what is wrong; how to mend it

Under a problem stands the line that it is about, indented by four spaces; a program that
reads the output leaves indented lines out. run refuses to start with the same words.`,
		Example: `  sudo tagbase-edge check
  tagbase-edge check --config ./config.toml | grep -v '^    '`,
		Args: cobra.NoArgs,
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
