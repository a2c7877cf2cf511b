// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/terminal"
	"github.com/tagbase/tagbase-edge/reader"
)

// Options are the reader to check, and the person who lays tags on it.
type Options struct {
	Device string // the connstring

	// Ask shows a person what to do, and returns when it is done. skip is true if the person has no such tag.
	Ask func(question string) (skip bool, err error)

	// Save keeps the report so far. Run calls it after every check, so that half an hour's work is never lost.
	Save func(HardwareReport) error

	// Command is the command line that is RunOne in a process of its own.
	Command func(check string, tags Arrangement) []string

	Out io.Writer // every check's observations, for the person
}

// laying says what a person does for each arrangement.
var laying = map[Arrangement]string{
	None: "Take everything off the reader.",
	One:  "Lay tag one on the reader, alone: an NTAG 424 DNA with a tap URL.",
	Two:  "Lay tag two on the reader, alone: an NTAG 223 DNA or 224 DNA with a tap URL; an NTAG 21x will do.",
	Both: "Lay both tags on the reader, flat on the antenna and a finger's width apart.",
}

// A run is one way through all checks.
type run struct {
	Options
	key    secretKey
	report HardwareReport
	tags   Arrangement // what lies on the reader; "" until the first question
	skips  bool        // the person has no such tag
}

// Run makes all checks, and returns the report. The error says why it ended early: the reader cannot be opened, the
// report cannot be saved, or the person stopped. What was not reached is in the report as not checked.
func Run(ctx context.Context, o Options) (HardwareReport, error) {
	r := &run{Options: o, key: newSecretKey(), report: newReport(o.Device)}
	for i, s := range steps {
		if err := r.step(ctx, i, s); err != nil {
			return r.report, err
		}
		if err := o.Save(r.report); err != nil {
			return r.report, err
		}
		r.report.Checks[i].Print(o.Out)
	}
	return r.report, nil
}

// newReport is a report in which nothing was checked yet.
func newReport(device string) HardwareReport {
	model, _ := os.ReadFile("/proc/device-tree/model") // not every board has one
	r := HardwareReport{
		Version: ReportVersion,
		Time:    time.Now().UTC().Truncate(time.Second),
		Program: buildinfo.Version(),
		Libnfc:  reader.LibnfcVersion(),
		Board:   strings.TrimRight(string(model), "\x00\n"),
		Device:  device,
	}
	for _, s := range steps {
		r.Checks = append(r.Checks, s.result(nil, nil, "not reached"))
	}
	return r
}

// result is a check of the report: what was found and seen, and why the rest was not checked.
func (s step) result(found []Observation, frames []Frame, why string) Check {
	if frames == nil {
		frames = []Frame{} // not null in JSON
	}
	all := s.complete(found, why)
	return Check{Name: s.name, Tags: s.tags, Result: worst(all), Observations: all, Frames: frames}
}

// step makes one check, as often as the person wants to lay the tags down again for it.
func (r *run) step(ctx context.Context, i int, s step) (err error) {
	if s.tags != r.tags {
		r.tags = s.tags
		if r.skips, err = r.Ask(laying[s.tags]); err != nil {
			return err
		}
	}
	if r.skips {
		r.report.Checks[i] = s.result(nil, nil, "skipped")
		return nil
	}

	for {
		c, o := s.inChild(ctx, r.Command(s.name, s.tags), r.key)
		if ctx.Err() != nil {
			return ctx.Err()
		}

		// A reader that has opened before may be broken by a check: that is an answer, too.
		if o.Unopened != "" && i == 0 {
			return unopened(o)
		}
		r.report.Checks[i] = c
		if o.Arrange == "" {
			return nil
		}

		// Who skips now keeps what was found.
		skip, err := r.Ask("Not quite: " + o.Arrange + ".")
		if skip || err != nil {
			return err
		}
	}
}

// unopened says what helps if the reader cannot be opened. The daemon's child holds the port while it runs.
func unopened(o outcome) error {
	mend := "if the station runs, stop it for the check: sudo systemctl stop tagbase-edge"
	if o.Held {
		mend = "stop the station for the check: sudo systemctl stop tagbase-edge"
	}
	return errors.New(terminal.Printable(fmt.Sprintf("%s; %s", o.Unopened, mend)))
}
