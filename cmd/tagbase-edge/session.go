// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/uplink"
)

func sessionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "session SESSION",
		Short:   "Show what the platform and this station's journal know about a session",
		Example: "  tagbase-edge session ses_DP3HGXKSIMVHZV4UDRAFDK5EED",
		Args:    oneSession,
	}
	file := configFlag(c)

	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, problems := config.Load(*file)
		if len(problems) > 0 {
			config.Print(c.ErrOrStderr(), problems)
			return exitError(exitConfig)
		}
		key, err := cfg.Key()
		if err != nil {
			return err
		}

		platform := uplink.NewPlatform(uplink.Config{
			Base: cfg.Platform.BaseURL, Key: key, Roots: cfg.Platform.Roots,
			Clock: uplink.NewClock(time.Now, buildinfo.Time()),
		})

		ctx, cancel := context.WithTimeout(context.Background(), cfg.Platform.Timeout)
		defer cancel()
		session, err := platform.Session(ctx, args[0])

		// An argument that is not an id is not sent to the platform: it is a mistake in the command.
		if errors.Is(err, uplink.ErrSessionID) {
			return fmt.Errorf("%.80q is %w", args[0], err)
		}

		// The journal is shown whether the platform answered or not.
		if err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "tagbase-edge: %s: %s\n", args[0], explainSessionError(err))
		} else {
			printSession(c.OutOrStdout(), session, cfg.Session.Window)
		}
		printOwnScans(c.OutOrStdout(), cfg.JournalDir(), args[0])
		if err != nil {
			return exitError(exitFailed)
		}
		return nil
	}
	return c
}

func oneSession(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("session takes one id, such as ses_DP3HGXKSIMVHZV4UDRAFDK5EED; tagbase-edge scans lists them")
	}
	return nil
}

func explainSessionError(err error) string {
	switch {
	case errors.Is(err, uplink.ErrNoSession):
		return "the platform has no such session for this station's key; check the id, and the key"
	case errors.Is(err, uplink.ErrKeyRefused):
		return "the platform refused this station's key (401); put a new one in its file"
	case errors.Is(err, context.DeadlineExceeded):
		return "the platform cannot be reached, or did not answer in time; check the network and platform.base_url"
	default:
		return err.Error()
	}
}

func printSession(w io.Writer, s uplink.Session, window time.Duration) {
	// The age is by the platform's clock: the board's may be wrong.
	left := (window - s.Age).Round(time.Second)
	state := fmt.Sprintf("live for another %v", left)
	if left <= 0 {
		state = fmt.Sprintf("over since %v", -left)
	}
	fmt.Fprintf(w, "session  %s\ntag      %s\nopened   %s, %v ago by the platform's clock\nstate    %s\n",
		s.ID, s.Tag, s.Opened.Local().Format(time.DateTime), s.Age.Round(time.Second), state)
}

// printOwnScans lists the station's scans that opened the session or carried it.
func printOwnScans(w io.Writer, dir, id string) {
	fmt.Fprintln(w, "\nThis station's scans in it:")
	print, known := printTable(w), false
	for s, err := range journal.Read(dir) {
		if err != nil {
			fmt.Fprintln(w, "the journal:", explainJournalError(err, dir))
			known = true // "none" could be wrong
		} else if s.Session == id || s.CarriedSession == id {
			known = true
			print(s)
		}
	}
	if !known {
		fmt.Fprintln(w, "none")
	}
}
