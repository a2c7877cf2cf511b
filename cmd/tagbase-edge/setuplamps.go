// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tagbase/tagbase-edge/led"
)

var lampNames = []string{"green", "red", "amber"}

// usualLines are those of the drawing in docs/wiring.md.
var usualLines = []string{"GPIO17", "GPIO27", "GPIO22"}

// lamps lights each line in turn and asks which lamp it was.
func (s *setup) lamps(context.Context) error {
	byFlag := false
	for _, lamp := range lampNames {
		if s.given(lamp) {
			byFlag = true
			s.draft.set("leds."+lamp, map[string]string{"green": s.green, "red": s.red, "amber": s.amber}[lamp])
		}
	}
	if s.given("active-low") {
		s.draft["leds.active_low"] = strconv.FormatBool(s.activeLow)
	}
	if byFlag || s.ask == nil {
		return nil
	}
	s.title("Lamps")
	offer := s.linesNow()
	for {
		answer, err := s.ask.line("The lines that they are wired to, in any order; - is none", strings.Join(offer, " "))
		if err != nil {
			return err
		}
		lines := strings.Fields(strings.ReplaceAll(answer, ",", " "))
		if answer == "-" {
			lines = nil
		}
		again, err := s.tryLamps(lines)
		if err != nil || !again {
			return err
		}
		offer = lines
	}
}

// linesNow are the configured lines, or else the usual ones.
func (s *setup) linesNow() (lines []string) {
	for _, lamp := range lampNames {
		if line := s.draft.text("leds." + lamp); line != "" {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return usualLines
	}
	return lines
}

// tryLamps lights lines one by one, and tells whether to begin again.
func (s *setup) tryLamps(lines []string) (again bool, err error) {
	for _, lamp := range lampNames {
		delete(s.draft, "leds."+lamp)
	}
	for _, line := range lines {
		if err := lampLine(line); err != nil {
			s.say("  %v", err)
			return true, nil
		}
		colour, err := s.tryLamp(line)
		if err != nil {
			return false, err
		}
		if colour != "" {
			s.draft.set("leds."+colour, line)
		}
	}
	missing := slices.DeleteFunc(slices.Clone(lampNames), func(lamp string) bool { return s.draft["leds."+lamp] != "" })
	if len(missing) == 0 || len(lines) == 0 {
		return false, nil
	}
	return s.ask.yes(fmt.Sprintf("There is no %s lamp. Name the lines again?", strings.Join(missing, ", ")), true)
}

// tryLamp lights one line while it asks.
func (s *setup) tryLamp(name string) (colour string, err error) {
	line, err := led.Opener(name, s.draft["leds.active_low"] == "true")()
	if err != nil {
		s.say("  %v", err)
		return "", nil
	}
	defer line.Close()
	defer line.Set(false)
	if err := line.Set(true); err != nil {
		s.say("  %v", err)
		return "", nil
	}
	for {
		answer, err := s.ask.line(fmt.Sprintf("%s is switched on now. Which lamp is lit? (green/red/amber/none)", name), "")
		if err != nil {
			return "", err
		}
		for _, lamp := range lampNames {
			if answer == "" || !strings.HasPrefix(lamp, strings.ToLower(answer)) {
				continue
			}
			if other := s.draft.text("leds." + lamp); other != "" {
				s.say("  That was %s already.", other)
				continue
			}
			return lamp, nil
		}
		if strings.HasPrefix("none", strings.ToLower(answer)) && answer != "" {
			s.say("  Then look at the wire, the resistor, and which way round the lamp is: its long leg is towards the line.")
			return "", nil
		}
	}
}
