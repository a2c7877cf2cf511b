// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/led"
)

func ledsCommand() *cobra.Command {
	leds := &cobra.Command{Use: "leds", Short: "The lamps, without the daemon"}
	off := &cobra.Command{
		Use:   "off",
		Short: "Turn every lamp off",
		Args:  cobra.NoArgs,
	}
	file := configFlag(off)
	off.RunE = func(c *cobra.Command, _ []string) error {
		cfg, problems := loadConfig(*file)
		if cfg == nil {
			tell(c.ErrOrStderr(), *file, problems)
			return exitError(exitConfig)
		}
		if err := led.Off(cfg.leds); err != nil {
			fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", err)
			return exitError(exitFailed)
		}
		return nil
	}
	leds.AddCommand(off)
	return leds
}
