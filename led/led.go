// SPDX-License-Identifier: Apache-2.0

package led

import (
	"fmt"
	"strings"
)

// Line switches one lamp. There are two kinds: a GPIO line and a file.
type Line interface {
	Set(on bool) error
	Close() error
}

// Config names the line of each lamp: a GPIO line such as "GPIO17", or
// "file:/sys/class/leds/NAME/brightness". An empty name means that there is no such lamp.
type Config struct {
	Green, Red, Amber string

	// ActiveLow is true if a low level lights the lamps on GPIO lines. It does not
	// apply to files: 1 always lights the lamp, since the kernel knows its own wiring.
	ActiveLow bool
}

const filePrefix = "file:"

// Open switches all lamps off and gets ready to Show. If a lamp fails, Open returns
// an error that names every failed lamp, and Lamps that can be used all the same:
// the failed lamp is tried again every second.
func Open(c Config) (*Lamps, error) {
	var open [lampCount]func() (Line, error)
	usedBy := make(map[string]colour)

	for _, lamp := range []struct {
		colour
		name string
	}{{green, c.Green}, {red, c.Red}, {amber, c.Amber}} {
		if lamp.name == "" {
			continue
		}

		// Two lamps on one line would switch each other: red could light green.
		if other, ok := usedBy[lamp.name]; ok {
			open[lamp.colour] = func() (Line, error) {
				return nil, fmt.Errorf("%s is the line of %s too; give each lamp its own", lamp.name, other)
			}
			continue
		}

		usedBy[lamp.name] = lamp.colour
		open[lamp.colour] = Opener(lamp.name, c.ActiveLow)
	}

	return start(open)
}

// Opener returns the function that opens the line of that name, switched off. The
// function may be called again after the line was closed. activeLow does not apply
// to files.
func Opener(name string, activeLow bool) func() (Line, error) {
	if path, ok := strings.CutPrefix(name, filePrefix); ok {
		return func() (Line, error) { return openFile(path) }
	}
	return gpioOpener(name, activeLow)
}

// Off switches all lamps off and releases their lines. It is for a daemon that has
// died: on a Raspberry Pi a line keeps its level when its process is gone.
func Off(c Config) error {
	lamps, _ := Open(c) // Close tries a failed lamp again, and returns its error
	return lamps.Close()
}
