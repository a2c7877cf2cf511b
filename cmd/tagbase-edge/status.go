// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/terminal"
)

func statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Ask the running daemon how the station is; exit 0 only if nothing is wrong",
		Long: `Asks the running daemon, at its socket, how the station is: the service code with its mend, reader,
lamps, platform, key, clock, storage, sessions, the last scans. Exits 0 only if nothing is wrong.

The socket is for root and the group tagbase-edge.`,
		Example: `  sudo tagbase-edge status
  sudo tagbase-edge status --json | jq .service_code`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "one JSON object")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, problems := loadConfig(*file)
		if cfg == nil {
			tell(c.ErrOrStderr(), *file, problems)
			return exitError(exitConfig)
		}
		s, raw, err := api.NewClient(cfg.station.socket).Status(c.Context())
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", unasked(err))
			return exitError(exitFailed)
		}
		if *asJSON {
			_, err = c.OutOrStdout().Write(append(terminal.EscapeJSON([]byte(strings.TrimSpace(string(raw)))), '\n'))
		} else {
			err = writeStatus(c.OutOrStdout(), s)
		}
		if err != nil || !s.OK {
			return exitError(exitFailed)
		}
		return nil
	}
	return c
}

// unasked says why the daemon could not be asked, and what to do.
func unasked(err error) string {
	switch {
	case errors.Is(err, api.ErrNoDaemon):
		return err.Error() + "; start it: sudo systemctl start tagbase-edge"
	case errors.Is(err, fs.ErrPermission):
		return err.Error() + "; use sudo, or join the group tagbase-edge"
	default:
		return err.Error() + "; see journalctl -u tagbase-edge"
	}
}

// writeStatus writes a status for a person. Whatever somebody else has said is
// written so that a terminal can take it.
func writeStatus(w io.Writer, s api.Status) error {
	var b strings.Builder
	line := func(name string, good bool, format string, args ...any) {
		mark := "✓"
		if !good {
			mark = "✗"
		}
		fmt.Fprintf(&b, "%s %-9s %s\n", mark, name, fmt.Sprintf(format, args...))
	}
	line("station", s.OK, "%s: %s", terminal.Quote(s.Station), terminal.Quote(s.Words))
	if s.ServiceCode != 0 {
		line("service", false, "code %d, %s: %s", s.ServiceCode, terminal.Quote(s.Service), terminal.Quote(s.Mend))
	}
	if s.Note != "" {
		line("note", false, "%s", terminal.Quote(s.Note))
	}
	line("reader", s.Reader.Up, "%s, %s", terminal.Quote(s.Reader.Device), readerWords(s.Reader))
	lampsLine(line, s.Lamps)
	line("platform", s.Platform.Up, "%s, %s", terminal.Quote(s.Platform.URL), platformWords(s.Platform))
	line("key", !s.Key.Refused, "%s%s", terminal.Quote(s.Key.ID), map[bool]string{true: ", refused by the platform"}[s.Key.Refused])
	line("clock", s.Clock.Good(), "%s, %s", s.Clock.Time.Local().Format("2006-01-02 15:04:05 -0700"), clockWords(s.Clock))
	line("storage", s.Storage.Error == "", "%s", storageWords(s.Storage))
	line("sessions", true, "%d open", s.Sessions.Active)
	line("uptime", true, "%s, restarted %d times since the board's start, %s", shortUptime(s.UptimeMS), s.Restarts, terminal.Quote(s.Version))
	if len(s.Scans) > 0 {
		fmt.Fprintf(&b, "\n"+scanRow, "TIME", "OUTCOME", "REASON", "TAG", "SESSION", "MS")
	}
	for _, r := range s.Scans {
		fmt.Fprintf(&b, scanRow, r.Time.Local().Format(time.DateTime), terminal.Quote(string(r.Outcome)),
			terminal.Quote(string(r.Reason)),
			terminal.Quote(cmp.Or(r.Tag, r.UID)), terminal.Quote(r.Session), fmt.Sprintf("%.0f", r.TotalMS))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func readerWords(r api.Reader) string {
	switch {
	case r.Up:
		return "ready"
	case r.Error == "":
		return "not ready yet"
	default:
		return terminal.Quote(r.Error)
	}
}

func lampsLine(line func(string, bool, string, ...any), l api.Lamps) {
	var words []string
	good := true
	for _, lamp := range []struct {
		name string
		api.Lamp
	}{{"green", l.Green}, {"red", l.Red}, {"amber", l.Amber}} {
		word := "off"
		switch {
		case lamp.Error != "":
			word, good = terminal.Quote(lamp.Error), false
		case !lamp.Wired:
			word = "not wired"
		case lamp.Lit:
			word = "lit"
		}
		words = append(words, lamp.name+" "+word)
	}
	line("lamps", good, "%s", strings.Join(words, ", "))
}

func platformWords(p api.Platform) string {
	ago := "not met yet"
	if p.Met {
		ago = "met " + shortUptime(p.ContactMS) + " ago"
	}
	switch {
	case p.Breaker:
		return ago + "; out of reach: " + terminal.Quote(cmp.Or(p.Trouble, "it asked to wait"))
	case !p.Up:
		return ago + "; out of reach: " + terminal.Quote(p.Trouble)
	default:
		return ago
	}
}

func clockWords(c api.Clock) string {
	words := "not synchronised"
	if c.Synced {
		words = "synchronised"
	}
	if c.AheadMS == nil {
		return words
	}
	ahead := (time.Duration(*c.AheadMS) * time.Millisecond).Round(time.Second)
	switch {
	case ahead.Abs() < 2*time.Second: // a Date has whole seconds
		return words + ", as the platform's"
	case ahead > 0:
		return fmt.Sprintf("%s, %v ahead of the platform's", words, ahead)
	default:
		return fmt.Sprintf("%s, %v behind the platform's", words, -ahead)
	}
}

func storageWords(s api.Storage) string {
	words := "writes"
	if s.Error != "" {
		words = fmt.Sprintf("%s; %d lines wait", terminal.Quote(s.Error), s.Held)
	}
	if s.Lost > 0 {
		words += fmt.Sprintf(", %d lines lost", s.Lost)
	}
	if s.Skipped > 0 {
		words += fmt.Sprintf(", %d lines could not be read", s.Skipped)
	}
	return words
}

func shortUptime(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
}
