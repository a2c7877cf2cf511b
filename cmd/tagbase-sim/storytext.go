// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
	"golang.org/x/sys/unix"
)

const (
	// lampTime is how long a scene watches the lamps: long enough to tell a blink from a steady light.
	lampTime = 1800 * time.Millisecond
	// lampSettle is the time within which two changes are one: a station switches its lamps one after the other.
	lampSettle = 5 * time.Millisecond
)

// introduce prints what is running and how the person can take part.
func (s *story) introduce(reader string) {
	s.printf(`A real station, tagbase-edge, is running on the bench. Reader, tags, lamps and platform are simulated.
  reader: %s
  lamps:  green, red, amber; ● is lit, ○ is dark
Hold a tag to the reader yourself, from another terminal ("bin/tagbase-sim tags" lists the tags):
  bin/tagbase-sim tap genuine-424 --socket %s
`, s.bench.Device(reader), s.bench.Socket())
}

// showScan prints what the station posted, and the outcome.
func (s *story) showScan(scan sim.ScanLine) {
	// The platform's own record, not the station's word, says what was posted.
	posted := "nothing"
	for _, v := range s.bench.Platform.Posts() {
		if v.ID != "" && v.ID == scan.Verification {
			posted = v.TagID + parametersText(v.Attributes)
		}
	}

	s.printf("   posted   %s\n", posted)
	s.printf("   session  %s\n", sessionText(scan))
	s.printf("   outcome  %s\n", s.paint(lampOf(scan.Outcome), outcomeText(scan)))
	s.printf("   time     read %.0f ms, answer %.0f ms, in total %.0f ms\n",
		scan.ReadMS, scan.ConnectMS+scan.AnswerMS, scan.TotalMS)
}

// lampOf is the lamp that shows an outcome: green and red are for the
// platform's verdicts alone.
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

// showLamps prints the three lamps at every change from the nth on, for
// lampTime. It returns the last lamps that were lit: those that showed the
// outcome.
func (s *story) showLamps(ctx context.Context, n int) (last sim.Lit) {
	s.printf("   lamps    ")
	end := time.NewTimer(lampTime)
	defer end.Stop()

	for {
		changes, news := s.bench.Lamps.Changes(n)
		n += len(changes)
		for i, c := range changes {
			// Lamps that are switched together are one change: print what they end as.
			if i+1 < len(changes) && changes[i+1].Time.Sub(c.Time) < lampSettle {
				continue
			}
			s.printf("%s ", s.lampsText(c.Lit))
			if c.Lit != (sim.Lit{}) {
				last = c.Lit
			}
		}

		// When the time is up together with a change, either may win: the last blink need not be shown.
		select {
		case <-news:
			// The other lamps of this change follow at once.
			pause(ctx, lampSettle)
		case <-ctx.Done():
			s.printf("\n")
			return last
		case <-end.C:
			s.printf("\n")
			return last
		}
	}
}

// parametersText is the parameters of the tap URL, as the platform received
// them.
func parametersText(p map[string]string) string {
	var b strings.Builder
	// Sorted, so that two taps of a tag can be compared by eye.
	for _, key := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, " %s=%s", key, p[key])
	}
	return b.String()
}

func sessionText(scan sim.ScanLine) string {
	// The platform's answer has the last word: the session that it names is the one that is kept.
	switch {
	case scan.Session == "":
		return "none"
	case scan.CarriedSession == "":
		return "opens " + scan.Session
	case scan.CarriedSession == scan.Session:
		return "continues " + scan.Session
	default:
		return "carried " + scan.CarriedSession + ", the platform answered " + scan.Session
	}
}

// outcomeMeanings says what each outcome means to the person at the reader.
var outcomeMeanings = map[string]string{
	"pending":    "accepted, tap again",
	"valid":      "the tag is genuine",
	"invalid":    "the tag is not genuine",
	"foreign":    "not one of our tags",
	"unreadable": "no tap URL could be read",
	"not_sent":   "it did not reach the platform, tap again",
	"unknown":    "no usable answer, tap again",
	"refused":    "the platform refused it",
	"dropped":    "too many taps at once, tap more slowly",
}

func outcomeText(scan sim.ScanLine) string {
	text := scan.Outcome
	if scan.Reason != "" {
		text += " (" + scan.Reason + ")"
	}
	return text + ": " + outcomeMeanings[scan.Outcome]
}

// ansiColours are the escape sequences (ECMA-48, 8.3.117) of the lamps' colours.
var ansiColours = [...]string{sim.Green: "\x1b[32m", sim.Red: "\x1b[31m", sim.Amber: "\x1b[33m"}

const ansiReset = "\x1b[0m"

// paint gives text a lamp's colour, if a terminal shows it.
func (s *story) paint(lamp sim.Colour, text string) string {
	if !s.colour {
		return text
	}
	return ansiColours[lamp] + text + ansiReset
}

// lampsText is a circle a lamp in the order green, red, amber, filled if it is lit.
func (s *story) lampsText(lit sim.Lit) string {
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

// isTerminal reports whether f is a terminal, which then shows colours.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
