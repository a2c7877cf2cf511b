// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/internal/terminal"
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/scan"
)

func scansCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "scans",
		Short: "Show what the journal holds, oldest first, beside the running daemon or without it",
		Example: `  tagbase-edge scans --since 1h
  tagbase-edge scans --outcome unknown
  tagbase-edge scans --follow --json | jq .outcome`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	since := c.Flags().Duration("since", 0, "only the scans of the last `TIME`, such as 90s or 1h")
	outcome := c.Flags().String("outcome", "", "only scans with the outcome `NAME`")
	follow := c.Flags().Bool("follow", false, "go on with new scans as they come")
	asJSON := c.Flags().Bool("json", false, "one JSON object a line")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *outcome != "" && !slices.Contains(outcomeNames(), *outcome) {
			return fmt.Errorf("%q is not an outcome; there are %s", *outcome, strings.Join(outcomeNames(), ", "))
		}
		if *since < 0 {
			return fmt.Errorf("--since %v is in the future; write how long ago, such as 1h", *since)
		}
		cfg, problems := loadConfig(*file)
		if cfg == nil {
			tell(c.ErrOrStderr(), *file, problems)
			return exitError(exitConfig)
		}
		show := scanPrinter(c.OutOrStdout(), *asJSON)
		wanted := func(s scan.Record) bool {
			return (*outcome == "" || s.Outcome == scan.Outcome(*outcome)) && (*since == 0 || time.Since(s.Time) <= *since)
		}
		scans := journal.Read(journalDir(cfg))
		if *follow {
			scans = journal.Follow(c.Context(), journalDir(cfg))
		}
		for s, err := range scans {
			var damaged *journal.LineError
			if errors.As(err, &damaged) {
				fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", damaged)
				continue
			}
			if err != nil {
				fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", err)
				return exitError(exitFailed)
			}
			if wanted(s) {
				if err := show(s); err != nil {
					return exitError(exitFailed)
				}
			}
		}
		return nil
	}
	return c
}

// outcomeNames are the outcomes as a flag takes them.
func outcomeNames() (names []string) {
	for _, o := range scan.Outcomes() {
		names = append(names, string(o))
	}

	return names
}

func journalDir(cfg *config) string { return filepath.Join(cfg.station.stateDir, "journal") }

const scanRow = "%-19s  %-10s  %-11s  %-28s  %-30s  %8s\n"

// scanPrinter writes scans for programs or for people.
func scanPrinter(w io.Writer, asJSON bool) func(scan.Record) error {
	if asJSON {
		return func(s scan.Record) error {
			b, err := json.Marshal(s)
			if err != nil {
				return err
			}
			_, err = w.Write(append(terminal.EscapeJSON(b), '\n'))
			return err
		}
	}
	begun := false
	return func(s scan.Record) error {
		if !begun {
			begun = true
			fmt.Fprintf(w, scanRow, "TIME", "OUTCOME", "REASON", "TAG", "SESSION", "MS")
		}
		tag := s.Tag
		if tag == "" {
			tag = s.UID
		}
		_, err := fmt.Fprintf(w, scanRow, s.Time.Local().Format(time.DateTime), terminal.Quote(string(s.Outcome)),
			terminal.Quote(string(s.Reason)),
			terminal.Quote(tag), terminal.Quote(s.Session), strconv.FormatFloat(s.TotalMS, 'f', 0, 64))
		return err
	}
}
