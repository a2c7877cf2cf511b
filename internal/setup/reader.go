// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/internal/probes"
	"github.com/tagbase/tagbase-edge/reader"
)

// reader asks which port the reader is on, and tries that port and no other.
func (w *walk) reader(ctx context.Context) error {
	const key = "reader.device"
	if w.Given("device") {
		w.edit.Set(key, w.Device)
	}

	// A reader that nobody was asked about is not tried: the daemon may hold it.
	if w.Given("device") || w.ask == nil {
		if w.edit[key] == "" {
			return errors.New("--device is not given; name the reader, such as pn532_uart:/dev/ttyAMA0")
		}
		if problems := w.edit.Problems(key); len(problems) > 0 {
			return fmt.Errorf("--device: %s", problems[0].Text)
		}
		return nil
	}

	w.title("Reader")
	for {
		device, err := w.chooseReader()
		if err != nil {
			return err
		}

		w.edit.Set(key, device)
		keep, err := w.tryReader(ctx, device)
		if keep || err != nil {
			return err
		}
	}
}

// chooseReader offers the ports that exist. It sends nothing to any of them.
func (w *walk) chooseReader() (connstring string, err error) {
	// The configured reader comes first, even if its port is not there right now.
	offers := doctor.Candidates(w.Root)
	now := w.edit.Text("reader.device")
	isNow := func(c doctor.Candidate) bool { return c.Connstring == now }
	if now != "" && !slices.ContainsFunc(offers, isNow) {
		offers = append([]doctor.Candidate{{Connstring: now, Where: "configured now"}}, offers...)
	}

	first := "" // what Enter alone chooses
	for i, c := range offers {
		first = "1"
		w.say("  %d  %s  (%s)", i+1, c.Connstring, c.Where)
	}
	question := "Which one? A number, or a name such as pn532_uart:/dev/ttyAMA0"
	if len(offers) == 0 {
		w.say("No port of this board is ready for a reader.")
		if usual := doctor.Usual(w.Root); usual != "" {
			w.say("To make its usual port ready, do this and run setup again:")
			doctor.Print(w.Out, w.faults(usual, nil))
		}
		question = "Its name, such as pn532_uart:/dev/ttyAMA0"
	}

	for {
		answer, err := w.ask.Line(question, first)
		if err != nil {
			return "", err
		}

		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(offers) {
			return offers[n-1].Connstring, nil
		}
		if err := reader.CheckConnstring(answer); err != nil {
			w.say("  %v", err)
			continue
		}
		return answer, nil
	}
}

// tryReader tries a reader until it works, or until the person keeps it all the same or wants another
// one.
func (w *walk) tryReader(ctx context.Context, device string) (keep bool, err error) {
	question := fmt.Sprintf("Trying it sends a few bytes to %s. Is nothing there but the reader?", device)
	for {
		// A modem or a motor on the same port could obey those bytes.
		try, err := w.ask.Yes(question, true)
		if err != nil || !try {
			return false, err
		}

		wrong := w.faults(device, func() []doctor.ReaderStep { return probes.Reader(ctx, device) })
		if len(wrong) == 0 {
			return true, nil
		}
		doctor.Print(w.Out, wrong)

		answer, err := w.ask.Line("Try again, choose another, or keep it all the same? (again/another/keep)", "again")

		// Any other answer tries again.
		switch {
		case err != nil:
			return false, err
		case answer == "keep" || answer == "k":
			return true, nil
		case answer == "another" || answer == "o":
			return false, nil
		}
	}
}

// faults returns what the doctor finds wrong from the board to the field of the reader. Without
// try no byte is sent to the port.
func (w *walk) faults(device string, try func() []doctor.ReaderStep) (wrong []doctor.Finding) {
	findings := doctor.Examine(doctor.Subject{
		Root:   w.Root,
		Config: doctor.Config{File: w.Config, Device: device, Version: buildinfo.Version(), Libnfc: reader.Libnfc},
		Probes: doctor.Probes{User: probes.User(), Reader: try},
	})
	for _, f := range findings {
		switch {
		case f.Check == "key" || f.Check == "service" || f.Check == "versions":
			// Not set up yet.
		case f.Result == doctor.Wrong:
			wrong = append(wrong, f)
		case f.Check == doctor.StepFirmware && f.Result == doctor.OK:
			w.say("  It answers: %s.", f.Found)
		}
	}
	return wrong
}
