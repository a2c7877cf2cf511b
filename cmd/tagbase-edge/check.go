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
	key := c.Flags().String("key", "", "the `FILE` that systemd will hand over as the key, to look at too unless the configuration names one; - is standard input")

	c.RunE = func(c *cobra.Command, _ []string) error {
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
