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
		Long: `Runs the station until SIGTERM. If the configuration has a problem, run prints what check
prints, and exits with status 78.

SIGHUP reads the configuration and the key again, after the scan in flight. If they have a
problem, the old ones stay.`,
		Example: `  sudo systemctl start tagbase-edge                     # the installed service
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
