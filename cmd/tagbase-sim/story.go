// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/tagbase/tagbase-edge/sim"
)

// errUnexpected ends a story that was told once and had a tap with another
// outcome than the expected one. The story has printed which.
var errUnexpected = errors.New("not every tap had the expected outcome")

// A scene is one tap, and what the station must make of it.
type scene struct {
	tag     string
	title   string
	outcome string
	carries bool       // the scan continues the session of the scene before
	shows   sim.Colour // the lamp that shows the outcome
}

// The scenes depend on their order: the second tap of a tag continues the
// session that its first tap opened.
var scenes = []scene{
	{"genuine-424", "Tap a genuine NTAG 424 DNA", "pending", false, sim.Amber},
	{"genuine-424", "Tap the same tag again", "valid", true, sim.Green},
	{"genuine-223", "Tap a genuine NTAG 223 DNA", "pending", false, sim.Amber},
	{"genuine-223", "Tap the same tag again", "valid", true, sim.Green},
	{"clone", "Tap a copy of the first tag", "pending", false, sim.Amber},
	{"clone", "Tap the copy again: it can only repeat its one URL", "invalid", true, sim.Red},
	{"foreign", "Tap a tag that is not ours", "foreign", false, sim.Amber},
	{"blank", "Tap a tag with nothing on it", "unreadable", false, sim.Amber},
}

const (
	// sceneTime bounds the start of the reader, and every scan: a station's own timeout is 8 s.
	sceneTime = 12 * time.Second
	// yourTurnTime is the pause between two tellings, for taps of the person who watches.
	yourTurnTime = 20 * time.Second
)

func storyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "story",
		Short: "Run a real station on the bench, tap eight tags, and show what the station does",
		Args:  cobra.NoArgs,
	}
	program := c.Flags().String("daemon", "bin/tagbase-edge", "the station's `PROGRAM`")
	reader := readerFlag(c)
	once := c.Flags().Bool("once", false, "tell the story once; exit 0 only if every tap had the expected outcome")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return inTempDir(func(dir string) error {
			b, err := sim.NewBench(dir)
			if err != nil {
				return err
			}
			s := &story{bench: b, out: c.OutOrStdout(), colour: isTerminal(os.Stdout)}

			err = s.run(c.Context(), *program, *reader, *once)
			if c.Context().Err() != nil {
				// Ctrl-C is how a story without --once ends.
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
	colour bool // out is a terminal
	failed int  // scenes with another outcome than the expected one
}

// run starts the station, tells the story, and stops the station.
func (s *story) run(ctx context.Context, program, reader string, once bool) error {
	config, err := s.bench.WriteConfig(reader, "")
	if err != nil {
		return err
	}

	if s.daemon, err = sim.StartDaemon(program, config); err != nil {
		return err
	}
	s.introduce(reader)

	// Whatever tell returns, the station is stopped: it is a process of its own.
	err = s.tell(ctx, once)
	if stopped := s.daemon.Stop(); err == nil && stopped != nil {
		err = fmt.Errorf("the station ended: %w", stopped)
	}

	// An unexpected outcome is already on the screen; for anything else the log has the reason.
	if err != nil && ctx.Err() == nil && !errors.Is(err, errUnexpected) {
		s.printf("The station's log:\n%s\n", s.daemon.Log())
	}
	return err
}

// tell plays the scenes once, or again and again until ctx ends.
func (s *story) tell(ctx context.Context, once bool) error {
	// A tag that is laid down before the reader is ready is read late: its times would mean nothing.
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
		if err := s.yourTurn(ctx); err != nil {
			return err
		}
	}

	s.printf("\n%d passed, %d failed\n", len(scenes)-s.failed, s.failed)
	if s.failed > 0 {
		return errUnexpected
	}
	return nil
}

// play holds one tag to the reader until its scan is finished, then watches the
// lamps until they have shown the outcome.
func (s *story) play(ctx context.Context, number int, sc scene) error {
	if sc.tag == "clone" && !sc.carries {
		// genuine-424 was tapped since the last copy was made, and the platform refuses a count that is behind.
		s.bench.Tags.Recapture()
	}
	tag, ok := s.bench.Tags.Find(sc.tag)
	if !ok {
		return fmt.Errorf("no tag %q", sc.tag)
	}
	s.printf("\n%d. %s (%s)\n", number, sc.title, sc.tag)

	// The lamps' changes so far are of earlier scenes.
	before, _ := s.bench.Lamps.Changes(0)

	// The tag stays until its scan is finished, however long the station takes: a person holds it until a lamp is lit.
	s.bench.Field.Put(tag)
	scanning, cancel := context.WithTimeout(ctx, sceneTime)
	scan, err := s.daemon.NextScan(scanning)
	cancel()
	s.bench.Field.Remove()
	if err != nil {
		return fmt.Errorf("waiting for the scan of %s: %w", sc.tag, err)
	}

	s.showScan(scan)
	last := s.showLamps(ctx, len(before))
	if !sc.is(scan, last) {
		s.failed++
		s.printf("   FAILED   expected %s\n", sc.expected())
	}
	return ctx.Err()
}

// is reports whether the scan, and the lamps that were lit last, are what the
// scene expects.
func (sc scene) is(scan sim.ScanLine, lit sim.Lit) bool {
	// Exactly this one lamp: amber beside green would tell the person two things.
	var want sim.Lit
	want[sc.shows] = true
	return scan.Outcome == sc.outcome && (scan.CarriedSession != "") == sc.carries && lit == want
}

func (sc scene) expected() string {
	carried := "no session carried"
	if sc.carries {
		carried = "the session of the tap before carried"
	}
	return fmt.Sprintf("%s, shown by %s, %s", sc.outcome, sc.shows, carried)
}

// yourTurn shows the taps of the person who watches, until it is time for the
// next telling.
func (s *story) yourTurn(ctx context.Context) error {
	s.printf("\nYour turn: tap a tag with the command above. The story starts again in %v; Ctrl-C ends it.\n",
		yourTurnTime)
	turn, cancel := context.WithTimeout(ctx, yourTurnTime)
	defer cancel()

	for {
		before, _ := s.bench.Lamps.Changes(0)
		scan, err := s.daemon.NextScan(turn)
		if turn.Err() != nil {
			// ctx has no error if only the turn is over: the story goes on.
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		s.printf("\nYour tap (%s %s)\n", scan.Chip, scan.UID)
		s.showScan(scan)
		s.showLamps(turn, len(before))
	}
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	// If both are ready either may win: the caller looks at ctx itself.
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
