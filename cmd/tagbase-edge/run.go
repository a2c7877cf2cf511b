// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/daemon"
)

func runCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the station",
		Long: `Runs the station until it is told to end. A configuration with a problem is refused with the
words of check, and exit status 78. SIGHUP has it read its key again.`,
		Example: `  sudo systemctl start tagbase-edge                     # as it is installed
  tagbase-edge run --config ./config.toml 2>log.json    # by hand`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)

	c.RunE = func(c *cobra.Command, _ []string) error {
		if problems := daemon.Run(*file, c.ErrOrStderr()); len(problems) > 0 {
			return exitError(exitConfig)
		}
		return nil
	}
	return c
}
