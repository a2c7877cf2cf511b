// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/led"
)

func ledsCommand() *cobra.Command {
	leds := &cobra.Command{Use: "leds", Short: "Turn the lamps off, or test them"}
	off := &cobra.Command{
		Use:     "off",
		Short:   "Turn every lamp off",
		Example: `  sudo tagbase-edge leds off`,
		Args:    cobra.NoArgs,
	}
	file := configFlag(off)
	off.RunE = func(c *cobra.Command, _ []string) error {
		b, err := readFile(*file)
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr(), problem{place{1, 1}, "file", unreadable(err)}.in(*file))
			return exitError(exitConfig)
		}
		if err := led.Off(lampsOf(b)); err != nil {
			fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", err)
			return exitError(exitFailed)
		}
		return nil
	}
	leds.AddCommand(off, ledsTestCommand())
	return leds
}

// lampsOf finds the lamps in a configuration, whatever else is wrong with it: this
// runs when a station has died, and a lit lamp says something that nobody said.
func lampsOf(b []byte) led.Config {
	c := defaults()
	known := c.settings()
	table := ""
	for line := range bytes.Lines(b) {
		if name, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("[")); ok {
			table, _, _ = strings.Cut(string(name), "]")
			table = strings.TrimSpace(table)
		}
		doc, bad := parseDocument(line)
		if bad != nil {
			continue
		}
		for key, v := range doc.values {
			if table == "leds" {
				key = "leds." + key
			}
			if set, ok := known[key]; ok && strings.HasPrefix(key, "leds.") {
				set(v)
			}
		}
	}
	return c.leds
}
