// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/uplink"
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
		cfg, problems := loadConfig(*file)
		if len(problems) == 0 && *key != "" && cfg.platform.keyFile == "" {
			problems = keyProblems(*key)
		}
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

// keyProblems is what is wrong with the key in a file, of which no byte is told.
func keyProblems(file string) []problem {
	raw, err := readKeyFrom(file)
	if err == nil {
		if _, err = uplink.ParseKey(raw); err == nil {
			return nil
		}
	}
	if file == "-" {
		file = "standard input"
	}
	return []problem{{place{1, 1}, "platform.key_file", "is not set, and " + file + " holds no key: " + err.Error()}}
}
