// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/procfs"
	"github.com/tagbase/tagbase-edge/internal/terminal"
)

// A setup is one walk from a board with wires to a station.
type setup struct {
	*setupFlags
	ask   *prompt // nil: nobody is there to be asked
	out   io.Writer
	root  fs.FS
	draft draft
	given func(flag string) bool

	stopped string // the service that was stopped for the time of the questions
	changed bool   // the configuration or the key
}

type setupFlags struct {
	config, device              string
	green, red, amber           string
	activeLow                   bool
	entryPoints, set            []string
	key, keyPath                string
	unproven, tap, service, yes bool
}

func setupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "setup",
		Short: "Ask for what a station needs, try it, and write the configuration",
		Long: `Asks one question at a time, with what was found offered first: the reader, the lamps, the
entry points, the key, and a live tap. Then it writes the configuration, shows it, checks it,
and offers to start the service.

Every question has a flag. With --yes nothing is asked: flags, the configuration that is
there, and defaults answer. Keys that setup does not ask for are kept as they are. Before
a file is replaced it is copied, with the time in the copy's name.`,
		Example: `  sudo tagbase-edge setup
  sudo tagbase-edge setup --yes --device pn532_uart:/dev/ttyAMA0 \
    --green GPIO17 --red GPIO27 --amber GPIO22 \
    --entry-point https://tap.example.com/ --key /root/api-key --service`,
		Args: cobra.NoArgs,
	}
	f := &setupFlags{}
	flags := c.Flags()
	flags.StringVar(&f.config, "config", defaultConfig, "the configuration `FILE`")
	flags.StringVar(&f.device, "device", "", "the reader, a libnfc `CONNSTRING`")
	flags.StringVar(&f.green, "green", "", "the `LINE` of the green lamp, such as GPIO17 or file:/PATH; \"\" is none")
	flags.StringVar(&f.red, "red", "", "the `LINE` of the red lamp")
	flags.StringVar(&f.amber, "amber", "", "the `LINE` of the amber lamp")
	flags.BoolVar(&f.activeLow, "active-low", false, "the lamps are lit by a low level")
	flags.StringArrayVar(&f.entryPoints, "entry-point", nil, "what your tags' `URL`s begin with; may be given several times")
	flags.StringVar(&f.key, "key", "", "the `FILE` that holds the key now; - is standard input")
	flags.StringVar(&f.keyPath, "key-file", "", "the `FILE` in which the station keeps its key (default "+installedKey(defaultConfig)+")")
	flags.BoolVar(&f.unproven, "unproven", false, "keep a key though the platform could not be asked")
	flags.StringArrayVar(&f.set, "set", nil, "any other `KEY=VALUE` of the configuration, such as station.name=gate-1")
	flags.BoolVar(&f.tap, "tap", false, "wait for a live tap; --tap=false does not ask")
	flags.BoolVar(&f.service, "service", false, "enable and start the service; --service=false does not ask")
	flags.BoolVar(&f.yes, "yes", false, "ask nothing")
	root := flags.String("root", "/", "read the system's files below `DIR`")
	flags.MarkHidden("root")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s := &setup{setupFlags: f, out: c.OutOrStdout(), root: os.DirFS(*root), given: flags.Changed}
		if !f.yes {
			if s.ask = newPrompt(os.Stdin, c.OutOrStdout()); s.ask == nil {
				return errors.New("setup asks questions on a terminal, and here is none; with --yes the flags answer")
			}
		}
		err := s.run(c.Context())
		if s.stopped != "" {
			s.say("%s is stopped. It is started with: sudo systemctl start %s", s.stopped, s.stopped)
		}
		var status exitError
		if err != nil && !errors.As(err, &status) {
			fmt.Fprintln(c.ErrOrStderr(), "tagbase-edge:", err)
			return exitError(exitFailed)
		}
		return err
	}
	return c
}

// run asks, tries, and writes.
func (s *setup) run(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		s.reader, s.lamps, s.entries, s.stationKey, s.liveTap, s.write, s.enable,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin looks at what is there.
func (s *setup) begin(ctx context.Context) error {
	s.draft = draft{}
	b, err := readFile(s.config)
	switch {
	case err == nil && string(b) == s.packaged():
	case err == nil:
		d, strangers, bad := draftOf(b)
		if bad != nil {
			tell(s.out, s.config, bad)
			return fmt.Errorf("%s cannot be read; correct it, or move it away", s.config)
		}
		s.draft = d
		s.say("%s is there; what it says is offered.", s.config)
		for _, key := range strangers {
			s.say("Its %s is no key and is left out.", key)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return errors.New(unreadable(err))
	}
	for _, line := range s.set {
		if err := s.draft.assign(line); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(s.config), 0o755); err != nil {
		return fmt.Errorf("%w; run it as root: sudo tagbase-edge setup", err)
	}
	return s.stopDaemon(ctx)
}

// packaged is the configuration that the package brings: nobody has chosen what it says.
func (s *setup) packaged() string {
	b, err := fs.ReadFile(s.root, "usr/share/tagbase-edge/minimal.toml")
	if err != nil {
		return "\x00" // like no file
	}
	return string(b)
}

// stopDaemon has the service let go of the reader and the lamps.
func (s *setup) stopDaemon(ctx context.Context) error {
	pid := doctor.Running(s.root, s.config)
	if pid == 0 {
		return nil
	}
	if s.ask == nil { // with --yes nothing is tried that the daemon holds
		return nil
	}
	unit := procfs.Lookup(s.root, pid).Unit
	if !hasSystemd() || unit == "" {
		return fmt.Errorf("the daemon runs (pid %d) and holds the reader and the lamps; stop it: kill %d", pid, pid)
	}
	stop, err := s.ask.yes(fmt.Sprintf("The daemon runs (pid %d) and holds the reader and the lamps. Stop it?", pid), true)
	if err != nil || !stop {
		return errors.Join(err, errStopped)
	}
	s.stopped = unit
	return s.systemctl(ctx, "stop", unit)
}

func (s *setup) say(format string, args ...any) {
	fmt.Fprintln(s.out, terminal.Printable(fmt.Sprintf(format, args...)))
}

// title begins a part.
func (s *setup) title(text string) {
	fmt.Fprintf(s.out, "\n%s\n%s\n", text, strings.Repeat("-", len(text)))
}

// entries asks what the tags' URLs begin with.
func (s *setup) entries(context.Context) error {
	const key = "tags.entry_points"
	if s.given("entry-point") {
		s.draft.list(key, s.entryPoints)
		return nil
	}
	if s.ask == nil {
		return nil
	}
	s.title("Tags")
	offer := strings.Join(s.draft.items(key), " ")
	for {
		answer, err := s.ask.line("What your tags' URLs begin with, such as https://tap.example.com/; several with spaces between", offer)
		if err != nil {
			return err
		}
		s.draft.list(key, strings.Fields(answer))
		problems := s.problemsOf(key)
		if len(problems) == 0 {
			return nil
		}
		for _, p := range problems {
			s.say("  %s", p.text)
		}
	}
}

// problemsOf is what is wrong with one key of the draft.
func (s *setup) problemsOf(key string) []problem {
	doc, bad := parseDocument([]byte("x = " + s.draft[key]))
	if bad != nil {
		return bad
	}
	return defaults().settings()[key](doc.values["x"])
}
