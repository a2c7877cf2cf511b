// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/internal/prompt"
	"github.com/tagbase/tagbase-edge/internal/terminal"
)

// Options are the answers that flags give, and where setup works.
type Options struct {
	Config            string // the file to write
	Device            string // the reader's connstring
	Green, Red, Amber string // lines; "" is no lamp
	ActiveLow         bool
	EntryPoints       []string
	Key               string   // the file that holds the key now; "-" is standard input
	KeyFile           string   // where the station keeps it; "" is where the unit takes it from
	Unproven          bool     // store the key even if it cannot be verified
	Set               []string // KEY=VALUE for all other keys
	Tap, Service, Yes bool
	Given             func(flag string) bool // whether a flag was set
	In                *os.File               // the terminal, unless Yes
	Out               io.Writer
	Root              fs.FS // the machine's file system, from / on
}

var (
	// ErrNoTerminal says that there are questions and no terminal to ask them on.
	ErrNoTerminal = errors.New("setup asks questions, and this is not a terminal; with --yes the flags answer")

	// ErrReported says that setup has failed and has already printed why.
	ErrReported = errors.New("the configuration has problems")
)

// A walk is one way from a board with wires to a station.
type walk struct {
	Options
	ask  *prompt.Prompt // nil with Yes
	edit config.Edit

	stopped string // the service that was stopped while questions are asked
	changed bool   // the configuration or the key
}

// Run asks for what a station needs, tries it, and writes the configuration.
func Run(ctx context.Context, o Options) error {
	w := &walk{Options: o}
	if !o.Yes {
		if w.ask = prompt.New(o.In, o.Out); w.ask == nil {
			return ErrNoTerminal
		}
	}

	// The person has to know that no station runs, also after an error or Ctrl-C.
	err := w.run(ctx)
	if w.stopped != "" {
		w.say("%s is still stopped. To start it: sudo systemctl start %s", w.stopped, w.stopped)
	}
	return err
}

// run takes the steps in the order in which a station depends on them. The first file that it
// writes is the key's.
func (w *walk) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		w.begin, w.reader, w.lamps, w.entryPoints, w.key, w.tap, w.write, w.enable,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin reads the configuration that exists, and stops the daemon.
func (w *walk) begin(ctx context.Context) error {
	w.edit = config.Edit{}
	b, err := config.ReadFile(w.Config)
	switch {
	case err == nil && string(b) == w.packaged():
		// The file that the package installs: nobody has chosen its values, so they are not offered.
	case err == nil:
		edit, unknown, problems := config.ParseEdit(b, w.Config)
		if problems != nil {
			config.Print(w.Out, problems)
			return fmt.Errorf("%s cannot be read; correct it, or move it away", w.Config)
		}
		w.edit = edit
		w.say("%s exists; its values are offered.", w.Config)
		for _, key := range unknown {
			w.say("Its %s is not a key, and is left out.", key)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}

	// --set wins over the file.
	for _, line := range w.Set {
		if err := w.edit.Assign(line); err != nil {
			return err
		}
	}

	// Without the right to write the configuration, all questions would be for nothing.
	if err := os.MkdirAll(filepath.Dir(w.Config), 0o755); err != nil {
		return fmt.Errorf("%w; run it as root: sudo tagbase-edge setup", err)
	}
	return w.stopDaemon(ctx)
}

// packaged returns the configuration that the package installs.
func (w *walk) packaged() string {
	b, err := fs.ReadFile(w.Root, "usr/share/tagbase-edge/minimal.toml")
	if err != nil {
		return "\x00" // equal to no file
	}
	return string(b)
}

// entryPoints asks what the tags' URLs begin with.
func (w *walk) entryPoints(context.Context) error {
	const key = "tags.entry_points"
	if w.Given("entry-point") {
		w.edit.SetList(key, w.EntryPoints)
		return nil
	}
	if w.ask == nil {
		return nil
	}

	w.title("Tags")
	offer := strings.Join(w.edit.List(key), " ")
	for {
		answer, err := w.ask.Line("What your tags' URLs begin with, such as https://tap.example.com/; "+
			"separate several with spaces", offer)
		if err != nil {
			return err
		}

		w.edit.SetList(key, strings.Fields(answer))
		problems := w.edit.Problems(key)
		if len(problems) == 0 {
			return nil
		}
		for _, p := range problems {
			w.say("  %s", p.Text)
		}
	}
}

func (w *walk) say(format string, args ...any) {
	fmt.Fprintln(w.Out, terminal.Printable(fmt.Sprintf(format, args...)))
}

// title begins a part.
func (w *walk) title(text string) {
	fmt.Fprintf(w.Out, "\n%s\n%s\n", text, strings.Repeat("-", len(text)))
}
