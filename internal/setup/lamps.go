// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/led"
)

var lampNames = []string{"green", "red", "amber"}

// UsualLines are the lines of the lamps in the drawing in docs/wiring.md.
var UsualLines = []string{"GPIO17", "GPIO27", "GPIO22"}

// lamps lights each line in turn and asks which lamp it is.
func (w *walk) lamps(context.Context) error {
	byFlag := false
	for lamp, line := range map[string]string{"green": w.Green, "red": w.Red, "amber": w.Amber} {
		if w.Given(lamp) {
			byFlag = true
			w.edit.Set("leds."+lamp, line)
		}
	}
	if w.Given("active-low") {
		w.edit["leds.active_low"] = strconv.FormatBool(w.ActiveLow)
	}

	// If one lamp is given by a flag, the flags are the whole answer.
	if byFlag || w.ask == nil {
		return nil
	}

	w.title("Lamps")
	offer := w.linesNow()
	for {
		answer, err := w.ask.Line("The lines that they are wired to, in any order; - if there are no lamps",
			strings.Join(offer, " "))
		if err != nil {
			return err
		}

		lines := strings.Fields(strings.ReplaceAll(answer, ",", " "))
		if answer == "-" {
			lines = nil
		}
		again, err := w.tryLamps(lines)
		if err != nil || !again {
			return err
		}
		offer = lines
	}
}

// linesNow returns the configured lines, or else the usual ones.
func (w *walk) linesNow() (lines []string) {
	for _, lamp := range lampNames {
		if line := w.edit.Text("leds." + lamp); line != "" {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return UsualLines
	}
	return lines
}

// tryLamps lights lines one by one. again is true if the person wants to name them again.
func (w *walk) tryLamps(lines []string) (again bool, err error) {
	// What was configured may be wired otherwise now: only an answer counts.
	for _, lamp := range lampNames {
		delete(w.edit, "leds."+lamp)
	}

	for _, line := range lines {
		if err := config.CheckLampLine(line); err != nil {
			w.say("  %v", err)
			return true, nil
		}

		colour, err := w.tryLamp(line)
		if err != nil {
			return false, err
		}
		if colour != "" {
			w.edit.Set("leds."+colour, line)
		}
	}

	// A station without one of its lamps works, and says less. The person may want that.
	missing := slices.DeleteFunc(slices.Clone(lampNames), func(lamp string) bool {
		return w.edit["leds."+lamp] != ""
	})
	if len(missing) == 0 || len(lines) == 0 {
		return false, nil
	}
	return w.ask.Yes(fmt.Sprintf("There is no %s lamp. Name the lines again?", strings.Join(missing, ", ")), true)
}

// tryLamp lights one line while it asks which lamp that is. The colour is "" if no lamp is lit.
func (w *walk) tryLamp(name string) (colour string, err error) {
	line, err := led.Opener(name, w.edit["leds.active_low"] == "true")()
	if err != nil {
		w.say("  %v", err)
		return "", nil
	}

	// However the question ends, the lamp goes out before its line is released.
	defer line.Close()
	defer line.Set(false)
	defer darkOnSignal(line)()
	if err := line.Set(true); err != nil {
		w.say("  %v", err)
		return "", nil
	}

	question := fmt.Sprintf("%s is switched on now. Which lamp is lit? (green/red/amber/none)", name)
	for {
		answer, err := w.ask.Line(question, "")
		if err != nil {
			return "", err
		}
		if answer == "" {
			continue
		}

		// The first letter is enough.
		answer = strings.ToLower(answer)
		for _, lamp := range lampNames {
			if !strings.HasPrefix(lamp, answer) {
				continue
			}
			if other := w.edit.Text("leds." + lamp); other != "" {
				w.say("  %s is on %s already.", lamp, other)
				continue
			}
			return lamp, nil
		}
		if strings.HasPrefix("none", answer) {
			w.say("  Check the wire, the resistor, and which way round the lamp is: " +
				"its long leg goes to the line.")
			return "", nil
		}
	}
}

// darkOnSignal puts a lamp out if a signal ends the program, such as when an SSH connection
// breaks: a line of a Raspberry Pi keeps its level. The function that it returns ends that.
func darkOnSignal(line led.Line) (end func()) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)

	// The goroutine ends with the channel, or with the program.
	go func() {
		s, ok := <-ended
		if !ok {
			return
		}
		_ = line.Set(false) // the program ends now, and this lamp worked a moment ago
		signal.Reset(s)
		_ = syscall.Kill(os.Getpid(), s.(syscall.Signal))
	}()

	return func() {
		signal.Stop(ended)
		close(ended)
	}
}
