// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/terminal"
	"github.com/tagbase/tagbase-edge/led"
)

func ledsTestCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "test",
		Short: "Light each lamp and show each pattern, beside the running daemon or without it",
		Long: `Lights each lamp and shows each pattern, some forty seconds in all, and says what is to be seen.
A running daemon does it, and a tap ends it: green and red are for the tag that lies on the reader.
Without a daemon the lamps are switched from here. Ctrl-C ends it and leaves the lamps dark.`,
		Example: `  sudo tagbase-edge leds test`,
		Args:    cobra.NoArgs,
	}
	file := configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, problems := loadConfig(*file)
		if cfg == nil {
			tell(c.ErrOrStderr(), *file, problems)
			return exitError(exitConfig)
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		show := func(step string) { fmt.Fprintln(c.OutOrStdout(), terminal.Quote(step)) }
		err := api.NewClient(cfg.station.socket).TestLamps(ctx, show)
		if errors.Is(err, api.ErrNoDaemon) {
			err = testAlone(ctx, cfg.leds, show)
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return exitError(exitFailed)
		default:
			fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", err)
			return exitError(exitFailed)
		}
	}
	return c
}

var errNoLamps = errors.New(`leds.green, leds.red and leds.amber are not set; name their lines, such as "GPIO17"`)

// testAlone walks the lamps without a daemon.
func testAlone(ctx context.Context, c led.Config, show func(step string)) error {
	if c.Green == "" && c.Red == "" && c.Amber == "" {
		return errNoLamps
	}
	lamps, err := led.Open(c)
	if err != nil {
		return errors.Join(err, lamps.Close())
	}
	err = lamps.Test(ctx, show)
	return errors.Join(err, lamps.Err(), lamps.Close())
}
