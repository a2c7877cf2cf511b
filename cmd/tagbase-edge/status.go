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
		Short: "Show how the station is; exit 0 only if nothing is wrong",
		Long: `Asks the running daemon and shows the service code and what mends it, the reader, the lamps, the
platform, the key, the clock, the storage, the sessions and the last scans.

Only root and the group tagbase-edge may ask.`,
		Example: `  sudo tagbase-edge status
  sudo tagbase-edge status --json | jq .service_code`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "one JSON object")

	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadReadable(c, *file)
		if err != nil {
			return err
		}

		s, raw, err := api.NewClient(cfg.Station.Socket).Status(c.Context())
		if err != nil {
			return fail(c, adviseOnSocket(err))
		}

		// For a program the daemon's own JSON, so that fields which this version does not know stay.
		text := []byte(statusText(s))
		if *asJSON {
			text = append(terminal.EscapeJSON([]byte(strings.TrimSpace(string(raw)))), '\n')
		}
		if _, err := c.OutOrStdout().Write(text); err != nil || !s.OK {
			return exitError(exitFailed)
		}
		return nil
	}
	return c
}

// adviseOnSocket says why the daemon could not be asked, and what to do.
func adviseOnSocket(err error) error {
	switch {
	case errors.Is(err, api.ErrNoDaemon):
		return fmt.Errorf("%w; start it: sudo systemctl start tagbase-edge", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; use sudo, or join the group tagbase-edge", err)
	default:
		return fmt.Errorf("%w; see journalctl -u tagbase-edge", err)
	}
}

// A statusTable is a status for a person, a line for each part of the station.
type statusTable struct{ strings.Builder }

func (t *statusTable) line(name string, good bool, format string, args ...any) {
	mark := "✓"
	if !good {
		mark = "✗"
	}
	fmt.Fprintf(t, "%s %-9s %s\n", mark, name, fmt.Sprintf(format, args...))
}

// statusText writes a status for a person. Texts that others wrote, such as an answer of the
// platform, are quoted: they may hold what a terminal obeys.
func statusText(s api.Status) string {
	var t statusTable
	t.line("station", s.OK, "%s: %s", terminal.Quote(s.Station), terminal.Quote(s.Words))
	if s.ServiceCode != 0 {
		t.line("service", false, "code %d, %s: %s", s.ServiceCode, terminal.Quote(s.Service), terminal.Quote(s.Mend))
	}
	if s.Note != "" {
		t.line("note", false, "%s", terminal.Quote(s.Note))
	}

	// In the order in which a tap meets them.
	t.line("reader", s.Reader.Up && !s.Reader.Blocked(),
		"%s, %s", terminal.Quote(s.Reader.Device), readerText(s.Reader))
	lamps, lampsGood := lampsText(s.Lamps)
	t.line("lamps", lampsGood, "%s", lamps)
	t.line("platform", s.Platform.Up, "%s, %s", terminal.Quote(s.Platform.URL), platformText(s.Platform))
	t.line("key", !s.Key.Refused, "%s%s", terminal.Quote(s.Key.ID),
		map[bool]string{true: ", refused by the platform"}[s.Key.Refused])
	t.line("clock", s.Clock.Good(), "%s, %s",
		s.Clock.Time.Local().Format("2006-01-02 15:04:05 -0700"), clockText(s.Clock))
	t.line("storage", s.Storage.Error == "", "%s", storageText(s.Storage))
	t.line("sessions", true, "%d open", s.Sessions.Active)
	t.line("uptime", true, "%s, %s", inSeconds(s.UptimeMS), terminal.Quote(s.Version))

	if len(s.Scans) > 0 {
		io.WriteString(&t, "\n"+scanHeader())
	}
	for _, r := range s.Scans {
		io.WriteString(&t, scanLine(r))
	}
	return t.String()
}

func readerText(r api.ReaderStatus) string {
	switch {
	case r.Blocked():
		return "ready, but something has lain on it for " + inSeconds(r.RestingMS) +
			": take it away, look below its cover"
	case r.Up && r.HaltFails:
		return "ready; of two tags at once it may see only one (docs/reader.md)"
	case r.Up:
		return "ready"
	case r.Error == "":
		return "not ready yet"
	default:
		return terminal.Quote(r.Error)
	}
}

func lampsText(l api.LampsStatus) (text string, good bool) {
	var texts []string
	good = true
	for _, lamp := range []struct {
		name string
		api.LampStatus
	}{{"green", l.Green}, {"red", l.Red}, {"amber", l.Amber}} {
		state := "off"
		switch {
		case lamp.Error != "":
			state, good = terminal.Quote(lamp.Error), false
		case !lamp.Wired:
			state = "not wired"
		case lamp.Lit:
			state = "lit"
		}
		texts = append(texts, lamp.name+" "+state)
	}
	return strings.Join(texts, ", "), good
}

func platformText(p api.PlatformStatus) string {
	met := "not met yet"
	if p.Met {
		met = "met " + inSeconds(p.ContactMS) + " ago"
	}
	switch {
	case p.Breaker:
		return met + "; out of reach: " + terminal.Quote(cmp.Or(p.Trouble, "it asked to wait"))
	case !p.Up:
		return met + "; out of reach: " + terminal.Quote(p.Trouble)
	default:
		return met
	}
}

func clockText(c api.ClockStatus) string {
	text, but := "not synchronised", ", but"
	if c.Synced {
		text, but = "synchronised", ", and"
	}
	if c.AheadMS == nil {
		return text
	}

	ahead := (time.Duration(*c.AheadMS) * time.Millisecond).Round(time.Second)
	switch {
	case ahead.Abs() < 2*time.Second:
		// The platform's Date has whole seconds.
		return text + but + " it agrees with the platform's clock"
	case ahead > 0:
		return fmt.Sprintf("%s, %v ahead of the platform's clock", text, ahead)
	default:
		return fmt.Sprintf("%s, %v behind the platform's clock", text, -ahead)
	}
}

func storageText(s api.StorageStatus) string {
	text := "writes"
	if s.Error != "" {
		text = fmt.Sprintf("%s; %d lines wait", terminal.Quote(s.Error), s.Held)
	}
	if s.Lost > 0 {
		text += fmt.Sprintf(", %d lines lost", s.Lost)
	}
	if s.Skipped > 0 {
		text += fmt.Sprintf(", %d lines could not be read", s.Skipped)
	}
	return text
}

func inSeconds(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
}
