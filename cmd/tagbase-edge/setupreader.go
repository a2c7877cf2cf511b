// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/buildinfo"
	"github.com/tagbase/tagbase-edge/reader"
)

// reader asks which port the reader is on, and tries that one and no other.
func (s *setup) reader(ctx context.Context) error {
	const key = "reader.device"
	if s.given("device") {
		s.draft.set(key, s.device)
	}
	if s.given("device") || s.ask == nil {
		if s.draft[key] == "" {
			return errors.New("--device is not given; name the reader, such as pn532_uart:/dev/ttyAMA0")
		}
		if problems := s.problemsOf(key); len(problems) > 0 {
			return fmt.Errorf("--device: %s", problems[0].text)
		}
		return nil
	}
	s.title("Reader")
	for {
		device, err := s.chooseReader()
		if err != nil {
			return err
		}
		s.draft.set(key, device)
		keep, err := s.tryReader(ctx, device)
		if keep || err != nil {
			return err
		}
	}
}

// chooseReader offers what there is. Nothing is sent to any port for it.
func (s *setup) chooseReader() (string, error) {
	offers := doctor.Candidates(s.root)
	if now := s.draft.text("reader.device"); now != "" && !slices.ContainsFunc(offers, func(c doctor.Candidate) bool { return c.Connstring == now }) {
		offers = append([]doctor.Candidate{{Connstring: now, Where: "as it is configured"}}, offers...)
	}
	first := ""
	for i, c := range offers {
		first = "1"
		s.say("  %d  %s  (%s)", i+1, c.Connstring, c.Where)
	}
	question := "Which one? A number, or a name such as pn532_uart:/dev/ttyAMA0"
	if len(offers) == 0 {
		s.say("No port of this board is ready for a reader.")
		if usual := doctor.Usual(s.root); usual != "" {
			s.say("This makes its usual port ready, after which setup is run again:")
			tellFindings(s.out, s.portFaults(usual))
		}
		question = "Its name, such as pn532_uart:/dev/ttyAMA0"
	}
	for {
		answer, err := s.ask.line(question, first)
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(offers) {
			return offers[n-1].Connstring, nil
		}
		if err := reader.CheckConnstring(answer); err != nil {
			s.say("  %v", err)
			continue
		}
		return answer, nil
	}
}

// tryReader tries a reader until it works, or is kept as it is, or another is wanted.
func (s *setup) tryReader(ctx context.Context, device string) (keep bool, err error) {
	for {
		try, err := s.ask.yes(fmt.Sprintf("Trying it sends a few bytes to %s. Is nothing there but the reader?", device), true)
		if err != nil || !try {
			return false, err
		}
		wrong := s.readerFaults(ctx, device)
		if len(wrong) == 0 {
			return true, nil
		}
		tellFindings(s.out, wrong)
		answer, err := s.ask.line("Try again, choose another, or keep it as it is? (again/another/keep)", "again")
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

// readerFaults is what the doctor finds wrong from the board to the field.
func (s *setup) readerFaults(ctx context.Context, device string) []doctor.Finding {
	return s.faults(device, func() []doctor.Step { return tryReader(ctx, device) })
}

// portFaults is what the doctor finds wrong without a byte sent to the port.
func (s *setup) portFaults(device string) []doctor.Finding { return s.faults(device, nil) }

func (s *setup) faults(device string, try func() []doctor.Step) (wrong []doctor.Finding) {
	findings := doctor.Examine(doctor.Station{
		Root:   s.root,
		Config: doctor.Config{File: s.config, Device: device, Version: buildinfo.Version(), Libnfc: reader.Libnfc},
		Probes: doctor.Probes{User: userName(), Reader: try},
	})
	for _, f := range findings {
		switch {
		case f.Check == "key" || f.Check == "service" || f.Check == "versions":
		case f.Status == doctor.Wrong:
			wrong = append(wrong, f)
		case f.Check == doctor.StepFirmware && f.Status == doctor.OK:
			s.say("  It answers: %s.", f.Found)
		}
	}
	return wrong
}
