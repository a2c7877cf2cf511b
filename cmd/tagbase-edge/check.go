// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/config"
)

func checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Report every problem in the configuration; exit 0 if there is none",
		Long: `Reports every problem in the configuration at once, one per line, in the file's order:

  FILE:LINE:COLUMN: key: what is wrong; how to mend it

Below a problem is the line of the file that it is about, indented by four spaces. A program
that reads the output skips indented lines. run prints the same and does not start.`,
		Example: `  sudo tagbase-edge check
  tagbase-edge check --config ./config.toml | grep -v '^    '`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	key := c.Flags().String("key", "",
		"check also the key in `FILE`, which systemd will pass to the station, "+
			"unless the configuration names a key file; - is standard input")

	c.RunE = func(c *cobra.Command, _ []string) error {
		// Before an upgrade the key is not yet passed by systemd: only --key can name it.
		cfg, problems := config.Load(*file)
		if len(problems) == 0 && *key != "" {
			problems = cfg.KeyProblems(*key)
		}
		if len(problems) > 0 {
			config.Print(c.OutOrStdout(), problems)
			return exitError(exitFailed)
		}

		for _, warning := range config.Warnings(*file) {
			fmt.Fprintln(c.OutOrStdout(), warning)
		}
		fmt.Fprintf(c.ErrOrStderr(), "%s: no problem found\n", *file)
		return nil
	}
	return c
}
