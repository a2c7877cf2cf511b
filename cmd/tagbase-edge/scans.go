// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
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
		Short: "Show the scans in the journal, oldest first; the daemon need not run",
		Example: `  tagbase-edge scans --since 1h
  tagbase-edge scans --outcome unknown
  tagbase-edge scans --follow --json | jq .outcome`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	sinceFlag := c.Flags().String("since", "", "only the scans of the last `TIME`, such as 90s or 1h")
	outcome := c.Flags().String("outcome", "", "only scans with the outcome `NAME`")
	follow := c.Flags().Bool("follow", false, "show new scans as they come, until Ctrl-C")
	asJSON := c.Flags().Bool("json", false, "one JSON object per line")

	c.RunE = func(c *cobra.Command, _ []string) error {
		if *outcome != "" && !slices.Contains(outcomeNames(), *outcome) {
			return fmt.Errorf("%q is not an outcome; there are %s", *outcome, strings.Join(outcomeNames(), ", "))
		}

		var since time.Duration // 0: all scans
		if c.Flags().Changed("since") {
			var err error
			if since, err = parseSince(*sinceFlag); err != nil {
				return err
			}
		}

		cfg, err := loadReadable(c, *file)
		if err != nil {
			return err
		}

		// The journal's files are read, and the daemon is not asked: this works when it does not run.
		scans := journal.Read(cfg.JournalDir())
		if *follow {
			scans = journal.Follow(c.Context(), cfg.JournalDir())
		}

		print := printTable(c.OutOrStdout())
		if *asJSON {
			print = printJSON(c.OutOrStdout())
		}
		return printScans(c, cfg.JournalDir(), scans, print, func(r scan.Record) bool {
			return (*outcome == "" || string(r.Outcome) == *outcome) && (since == 0 || time.Since(r.Time) <= since)
		})
	}
	return c
}

// parseSince reads the value of --since.
func parseSince(s string) (time.Duration, error) {
	// Go's own message about a duration names no unit that it would take.
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("--since %.80q is not a time; write a number and s, m or h, such as 90s or 1h", s)
	}
	if d < 0 {
		return 0, fmt.Errorf("--since %v is in the future; write how long ago, such as 1h", d)
	}
	return d, nil
}

// printScans prints those scans of the journal in dir that are wanted.
func printScans(
	c *cobra.Command, dir string, scans iter.Seq2[scan.Record, error],
	print func(scan.Record) error, wanted func(scan.Record) bool,
) error {
	for r, err := range scans {
		// A line that a power cut has torn does not hide the next ones.
		var damaged *journal.LineError
		if errors.As(err, &damaged) {
			fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", damaged)
			continue
		}
		if err != nil {
			return fail(c, explainJournalError(err, dir))
		}

		// Printing fails when the program that reads the output has ended, such as head.
		if wanted(r) && print(r) != nil {
			return exitError(exitFailed)
		}
	}
	return nil
}

// explainJournalError says why the journal in dir cannot be read. A station makes the directory when it first starts.
func explainJournalError(err error, dir string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no scan has been recorded yet: %s appears when the station first starts", dir)
	}
	return err
}

// outcomeNames returns the outcomes that --outcome takes.
func outcomeNames() (names []string) {
	for _, o := range scan.Outcomes() {
		names = append(names, string(o))
	}
	return names
}

const scanRow = "%-19s  %-10s  %-11s  %-28s  %-30s  %8s\n"

// scanHeader is the first line of a table of scans.
func scanHeader() string {
	return fmt.Sprintf(scanRow, "TIME", "OUTCOME", "REASON", "TAG", "SESSION", "MS")
}

// scanLine is one line of a table of scans, safe for a terminal whatever the journal holds.
func scanLine(r scan.Record) string {
	return fmt.Sprintf(scanRow, r.Time.Local().Format(time.DateTime),
		terminal.Quote(string(r.Outcome)), terminal.Quote(string(r.Reason)),
		terminal.Quote(cmp.Or(r.Tag, r.UID)), terminal.Quote(r.Session),
		strconv.FormatFloat(r.TotalMS, 'f', 0, 64))
}

// printTable writes scans for a person, with a header before the first.
func printTable(w io.Writer) func(scan.Record) error {
	begun := false
	return func(r scan.Record) error {
		if !begun {
			begun = true
			io.WriteString(w, scanHeader())
		}
		_, err := io.WriteString(w, scanLine(r))
		return err
	}
}

// printJSON writes scans for a program, one object a line.
func printJSON(w io.Writer) func(scan.Record) error {
	return func(r scan.Record) error {
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = w.Write(append(terminal.EscapeJSON(b), '\n'))
		return err
	}
}
