// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/internal/setup"
)

func setupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "setup",
		Short: "Ask for what a station needs, try it, and write the configuration",
		Long: `Asks for the reader, the lamps, the entry points and the key, one question at a time, and offers
what it finds. Then it waits for a live tap, shows the configuration, writes it, checks it, and
offers to start the service.

Every question has a flag. With --yes it asks nothing: flags, the existing configuration and
defaults answer. Keys that setup does not ask for stay as they are. Before it replaces a file, it
makes a copy, with the time in the copy's name.`,
		Example: `  sudo tagbase-edge setup
  sudo tagbase-edge setup --yes --device pn532_uart:/dev/ttyAMA0 \
    --green GPIO17 --red GPIO27 --amber GPIO22 \
    --entry-point https://tap.example.com/ --key /root/api-key --service`,
		Args: cobra.NoArgs,
	}
	var o setup.Options
	root := setupFlags(c, &o)

	c.RunE = func(c *cobra.Command, _ []string) error {
		o.Given = c.Flags().Changed
		o.In, o.Out, o.Root = os.Stdin, c.OutOrStdout(), os.DirFS(*root)

		// A missing terminal is a mistake in the command (exit status 2); the rest is a failure.
		err := setup.Run(c.Context(), o)
		switch {
		case err == nil, errors.Is(err, setup.ErrNoTerminal):
			return err
		case errors.Is(err, setup.ErrReported):
			return exitError(exitFailed)
		default:
			return fail(c, err)
		}
	}
	return c
}

// setupFlags gives setup a flag for each question.
func setupFlags(c *cobra.Command, o *setup.Options) (root *string) {
	f := c.Flags()
	f.StringVar(&o.Config, "config", config.DefaultFile, "the configuration `FILE`")
	f.StringVar(&o.Device, "device", "", "the reader, a libnfc `CONNSTRING`")
	f.StringVar(&o.Green, "green", "",
		"the `LINE` of the green lamp, such as GPIO17 or file:/PATH; \"\" if there is none")
	f.StringVar(&o.Red, "red", "", "the `LINE` of the red lamp")
	f.StringVar(&o.Amber, "amber", "", "the `LINE` of the amber lamp")
	f.BoolVar(&o.ActiveLow, "active-low", false, "the lamps are lit by a low level")
	f.StringArrayVar(&o.EntryPoints, "entry-point", nil, "what your tags' `URL`s begin with; may be repeated")
	f.StringVar(&o.Key, "key", "", "the `FILE` that holds the key now; - is standard input")
	f.StringVar(&o.KeyFile, "key-file", "",
		"the `FILE` in which the station keeps its key (default "+config.InstalledKey(config.DefaultFile)+")")
	f.BoolVar(&o.Unproven, "unproven", false, "store the key even if it cannot be verified")
	f.StringArrayVar(&o.Set, "set", nil, "any other `KEY=VALUE` of the configuration, such as station.name=gate-1")
	f.BoolVar(&o.Tap, "tap", false, "wait for a live tap; --tap=false does not ask")
	f.BoolVar(&o.Service, "service", false, "enable and start the service; --service=false does not ask")
	f.BoolVar(&o.Yes, "yes", false, "ask nothing")

	root = f.String("root", "/", "read the system's files below `DIR`")
	f.MarkHidden("root") // for tests
	return root
}
