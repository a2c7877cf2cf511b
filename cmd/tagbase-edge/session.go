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
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/uplink"
)

func sessionCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "session SESSION",
		Short:   "Ask the platform for a session, and the journal what this station knows of it",
		Example: "  tagbase-edge session ses_DP3HGXKSIMVHZV4UDRAFDK5EED",
		Args:    cobra.ExactArgs(1),
	}
	file := configFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, problems := loadConfig(*file)
		if len(problems) > 0 {
			tell(c.ErrOrStderr(), *file, problems)
			return exitError(exitConfig)
		}
		key, err := cfg.key()
		if err != nil {
			return err
		}
		platform := uplink.NewPlatform(uplink.Config{
			Base: cfg.platform.base, Key: key, Roots: cfg.platform.roots, Clock: uplink.NewClock(time.Now, buildinfo.Time()),
		})
		ctx, cancel := context.WithTimeout(context.Background(), cfg.platform.timeout)
		defer cancel()
		session, err := platform.Session(ctx, args[0])
		if errors.Is(err, uplink.ErrSessionID) {
			return fmt.Errorf("%.80q is %w", args[0], err)
		}
		if err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "tagbase-edge: %s: %s\n", args[0], inPlainWords(err))
		} else {
			showSession(c.OutOrStdout(), session, cfg.session.window)
		}
		showKnown(c.OutOrStdout(), journalDir(cfg), args[0])
		if err != nil {
			return exitError(exitFailed)
		}
		return nil
	}
	return c
}

func inPlainWords(err error) string {
	switch {
	case errors.Is(err, uplink.ErrNoSession):
		return "the platform has no such session under the account of this station's key; look at the id, and at the key"
	case errors.Is(err, uplink.ErrKeyRefused):
		return "the platform refused this station's key (401); put a new one in its file"
	case errors.Is(err, context.DeadlineExceeded):
		return "the platform cannot be reached, or did not answer in time; look at the network and platform.base_url"
	default:
		return err.Error()
	}
}

func showSession(w io.Writer, s uplink.Session, window time.Duration) {
	left := (window - s.Age).Round(time.Second)
	state := fmt.Sprintf("live for another %v", left)
	if left <= 0 {
		state = fmt.Sprintf("over since %v", -left)
	}
	fmt.Fprintf(w, "session  %s\ntag      %s\nopened   %s, %v ago by the platform's clock\nstate    %s\n",
		s.ID, s.Tag, s.Opened.Local().Format(time.DateTime), s.Age.Round(time.Second), state)
}

// showKnown lists the station's own scans in the session.
func showKnown(w io.Writer, dir, id string) {
	fmt.Fprintln(w, "\nThis station's scans in it:")
	show, known := scanPrinter(w, false), false
	for s, err := range journal.Read(dir) {
		if err != nil {
			fmt.Fprintln(w, "the journal:", err)
			known = true
		} else if s.Session == id || s.CarriedSession == id {
			known = true
			show(s)
		}
	}
	if !known {
		fmt.Fprintln(w, "none")
	}
}
