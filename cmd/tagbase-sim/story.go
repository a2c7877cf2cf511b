// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/sim"
	"golang.org/x/sys/unix"
)

// errUnexpected ends a story that was told once and did not go as it should.
var errUnexpected = errors.New("not every tap had the expected outcome")

// A scene is one tap and what must come of it.
type scene struct {
	tag     string
	text    string
	outcome string
	carries bool       // the scan goes on with the session of the scene before
	shows   sim.Colour // the lamp that shows the outcome
}

var scenes = []scene{
	{"genuine-424", "a genuine NTAG 424 DNA", "pending", false, sim.Amber},
	{"genuine-424", "the same tag again", "valid", true, sim.Green},
	{"genuine-223", "a genuine NTAG 223 DNA", "pending", false, sim.Amber},
	{"genuine-223", "the same tag again", "valid", true, sim.Green},
	{"clone", "a copy of the first tag", "pending", false, sim.Amber},
	{"clone", "the copy again: it can only repeat itself", "invalid", true, sim.Red},
	{"foreign", "somebody else's tag", "foreign", false, sim.Amber},
	{"blank", "a tag with nothing on it", "unreadable", false, sim.Amber},
}

const (
	sceneTime = 12 * time.Second        // for a scan to finish
	lampTime  = 1800 * time.Millisecond // to look at the lamps
	settle    = 5 * time.Millisecond    // lamps that are switched together
	handTime  = 20 * time.Second        // between two tellings, for a person's own taps
)

func storyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "story",
		Short: "Run a real station on the bench and show what happens",
		Args:  cobra.NoArgs,
	}
	program := c.Flags().String("daemon", "bin/tagbase-edge", "the station's `PROGRAM`")
	reader := readerFlag(c)
	once := c.Flags().Bool("once", false, "tell the story once; exit 0 only if every outcome was the expected one")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTemp(func(dir string) error {
			b, err := sim.NewBench(dir)
			if err != nil {
				return err
			}
			s := &story{bench: b, out: c.OutOrStdout(), colour: isTerminal(os.Stdout)}
			err = s.run(c.Context(), *program, *reader, *once)
			if c.Context().Err() != nil {
				err = nil
			}
			return errors.Join(err, b.Close())
		})
	}
	return c
}

// A story runs the scenes on a bench and shows them to a person.
type story struct {
	bench  *sim.Bench
	daemon *sim.Daemon
	out    io.Writer
	colour bool
	failed int
}

func (s *story) run(ctx context.Context, program, reader string, once bool) error {
	config, err := s.bench.WriteConfig(reader, "")
	if err != nil {
		return err
	}
	if s.daemon, err = sim.StartDaemon(program, config); err != nil {
		return err
	}
	s.printf("tagbase-edge runs on the bench, with its reader %s\n", s.bench.Device(reader))
	s.printf("Hold a tag to it yourself, from another terminal:\n  bin/tagbase-sim tap genuine-424 --socket %s\n", s.bench.Socket())
	s.printf("Other tags: bin/tagbase-sim tags\n")
	err = s.tell(ctx, once)
	if stopped := s.daemon.Stop(); err == nil && stopped != nil {
		err = fmt.Errorf("the station ended: %w", stopped)
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errUnexpected) {
		s.printf("The station's log:\n%s\n", s.daemon.Log())
	}
	return err
}

func (s *story) tell(ctx context.Context, once bool) error {
	ready, cancel := context.WithTimeout(ctx, sceneTime)
	defer cancel()
	if err := s.daemon.AwaitLine(ready, `"reader ready"`); err != nil {
		return fmt.Errorf("waiting for the reader: %w", err)
	}
	for {
		for i, scene := range scenes {
			if err := s.play(ctx, i+1, scene); err != nil {
				return err
			}
		}
		if once {
			break
		}
		if err := s.byHand(ctx); err != nil {
			return err
		}
	}
	s.printf("\n%d passed, %d failed\n", len(scenes)-s.failed, s.failed)
	if s.failed > 0 {
		return errUnexpected
	}
	return nil
}

// play holds one tag to the reader until its scan is finished, and looks at the
// lamps until they have shown what came of it.
func (s *story) play(ctx context.Context, number int, sc scene) error {
	if sc.tag == "clone" && !sc.carries {
		s.bench.Tags.Recapture() // the platform has seen a newer count than the last copy's
	}
	tag, ok := s.bench.Tags.Find(sc.tag)
	if !ok {
		return fmt.Errorf("no tag %q", sc.tag)
	}
	s.printf("\n%d. %s (%s)\n", number, sc.text, sc.tag)
	before, _ := s.bench.Lamps.Changes(0)
	s.bench.Field.Put(tag)
	scanning, cancel := context.WithTimeout(ctx, sceneTime)
	scan, err := s.daemon.NextScan(scanning)
	cancel()
	s.bench.Field.Remove()
	if err != nil {
		return fmt.Errorf("waiting for the scan of %s: %w", sc.tag, err)
	}
	s.show(scan)
	last := s.film(ctx, len(before))
	var want sim.Lit
	want[sc.shows] = true
	if scan.Outcome != sc.outcome || (scan.CarriedSession != "") != sc.carries || last != want {
		s.failed++
		s.printf("   EXPECTED %s, shown by %s\n", sc.outcome, sc.shows)
	}
	return ctx.Err()
}

// byHand shows what a person's own taps come to, until it is time to go on.
func (s *story) byHand(ctx context.Context) error {
	s.printf("\nNow you, with the command above; the story is told again in %v. Ctrl-C ends it.\n", handTime)
	mine, cancel := context.WithTimeout(ctx, handTime)
	defer cancel()
	for {
		before, _ := s.bench.Lamps.Changes(0)
		scan, err := s.daemon.NextScan(mine)
		if mine.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		s.printf("\nby hand: %s %s\n", scan.Chip, scan.UID)
		s.show(scan)
		s.film(mine, len(before))
	}
}

// show prints what was posted and what came of it.
func (s *story) show(scan sim.ScanLine) {
	for _, v := range s.bench.Platform.Posts() {
		if v.ID != "" && v.ID == scan.Verification {
			s.printf("   posted   %s%s\n", v.TagID, parameters(v.Attributes))
		}
	}
	s.printf("   session  %s\n", sessions(scan))
	s.printf("   outcome  %s  read %.0f ms, answer %.0f ms, in all %.0f ms\n", s.paint(lampOf(scan.Outcome), outcome(scan)),
		scan.ReadMS, scan.ConnectMS+scan.AnswerMS, scan.TotalMS)
}

func lampOf(outcome string) sim.Colour {
	switch outcome {
	case "valid":
		return sim.Green
	case "invalid":
		return sim.Red
	default:
		return sim.Amber
	}
}

// film prints the lamps at each change, green red amber, and returns which were
// lit last of all: what showed the outcome.
func (s *story) film(ctx context.Context, from int) (last sim.Lit) {
	s.printf("   lamps    ")
	end := time.NewTimer(lampTime)
	defer end.Stop()
	for {
		changes, news := s.bench.Lamps.Changes(from)
		from += len(changes)
		for i, c := range changes {
			if i+1 < len(changes) && changes[i+1].Time.Sub(c.Time) < settle {
				continue
			}
			s.printf("%s ", s.glyphs(c.Lit))
			if c.Lit != (sim.Lit{}) {
				last = c.Lit
			}
		}
		select {
		case <-news:
			pause(ctx, settle)
		case <-ctx.Done():
			s.printf("\n")
			return last
		case <-end.C:
			s.printf("\n")
			return last
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func parameters(p map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, " %s=%s", key, p[key])
	}
	return b.String()
}

func sessions(scan sim.ScanLine) string {
	switch {
	case scan.Session == "":
		return "none"
	case scan.CarriedSession == "":
		return "opens " + scan.Session
	case scan.CarriedSession == scan.Session:
		return "goes on with " + scan.Session
	default:
		return "carries " + scan.CarriedSession + ", answered " + scan.Session
	}
}

func outcome(scan sim.ScanLine) string {
	if scan.Reason == "" {
		return scan.Outcome
	}
	return scan.Outcome + ", " + scan.Reason
}

// ANSI colours of the lamps.
var colours = [...]string{sim.Green: "\x1b[32m", sim.Red: "\x1b[31m", sim.Amber: "\x1b[33m"}

const plain = "\x1b[0m"

func (s *story) paint(lamp sim.Colour, text string) string {
	if !s.colour {
		return text
	}
	return colours[lamp] + text + plain
}

func (s *story) glyphs(lit sim.Lit) string {
	var b strings.Builder
	for lamp, on := range lit {
		if on {
			b.WriteString(s.paint(sim.Colour(lamp), "●"))
		} else {
			b.WriteString("○")
		}
	}
	return b.String()
}

func (s *story) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
