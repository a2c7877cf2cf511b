// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/internal/terminal"
	"github.com/tagbase/tagbase-edge/led"
)

func ledsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:                   "leds",
		Short:                 "Turn the lamps off, or test them",
		Example:               `  sudo tagbase-edge leds test`,
		DisableFlagsInUseLine: true,
	}
	c.AddCommand(ledsOffCommand(), ledsTestCommand())

	// Without this, cobra would take a misspelt command for a request for help, and end with status 0.
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

func ledsOffCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "off",
		Short:   "Turn every lamp off",
		Example: `  sudo tagbase-edge leds off`,
		Args:    cobra.NoArgs,
	}
	file := configFlag(c)

	c.RunE = func(c *cobra.Command, _ []string) error {
		// systemd runs this after a station has ended, with whatever configuration there is.
		lamps, problems := config.LoadLamps(*file)
		if len(problems) > 0 {
			config.Print(c.ErrOrStderr(), problems)
			return exitError(exitConfig)
		}
		if err := led.Off(lamps); err != nil {
			return fail(c, err)
		}
		return nil
	}
	return c
}

func ledsTestCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "test",
		Short: "Light each lamp and show each pattern; the daemon need not run",
		Long: `Lights each lamp and shows each pattern, about forty seconds in all, and says what you should see.
If the daemon runs, it does this itself, and a tap ends the test: green and red belong to the tag on
the reader. If it does not run, this command switches the lamps. Ctrl-C ends the test and leaves the
lamps dark.`,
		Example: `  sudo tagbase-edge leds test`,
		Args:    cobra.NoArgs,
	}
	file := configFlag(c)

	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadReadable(c, *file)
		if err != nil {
			return err
		}

		// A signal ends the test and not the program, so that the lamps go dark.
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()

		show := func(step string) { fmt.Fprintln(c.OutOrStdout(), terminal.Quote(step)) }
		err = api.NewClient(cfg.Station.Socket).TestLamps(ctx, show)

		// The daemon holds the lines while it runs, so this command can take them only without it.
		if errors.Is(err, api.ErrNoDaemon) {
			err = testLampsAlone(ctx, cfg.Lamps, show)
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			// Interrupted: the person knows, and needs no message.
			return exitError(exitFailed)
		default:
			return fail(c, err)
		}
	}
	return c
}

var errNoLamps = errors.New(
	`leds.green, leds.red and leds.amber are not set; name their lines, such as "GPIO17"`)

// testLampsAlone walks the lamps without a daemon.
func testLampsAlone(ctx context.Context, c led.Config, show func(step string)) error {
	if c.Green == "" && c.Red == "" && c.Amber == "" {
		return errNoLamps
	}

	// Close says what is wrong with each lamp at the end: what Open and Err say would be the same again.
	lamps, err := led.Open(c)
	if err != nil {
		return cmp.Or(lamps.Close(), err)
	}
	err = lamps.Test(ctx, show)
	failed := lamps.Err()
	return errors.Join(err, cmp.Or(lamps.Close(), failed))
}
