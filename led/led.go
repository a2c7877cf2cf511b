// SPDX-License-Identifier: Apache-2.0

// Package led shows on three lamps what came of a tap.
//
// Green means that the platform found the tag genuine, red that it did not, and
// nothing else ever lights either of them but a Walk, which a technician asks for.
// All the rest is amber. A person who sees green trusts the thing in their hand, so a
// verdict lamp is lit for three seconds at most, no lamp can hold up another, and
// Close leaves all of them dark.
package led

import (
	"fmt"
	"strings"
)

// Line switches one lamp.
type Line interface {
	Set(on bool) error
	Close() error
}

// Config names the line of each lamp: a GPIO line such as "GPIO17", or
// "file:/sys/class/leds/NAME/brightness". An empty name is a lamp that is not there.
type Config struct {
	Green, Red, Amber string

	// ActiveLow tells that the lamps on GPIO lines are lit by a low level.
	// A file is written 1 for a lit lamp always: the kernel knows its own wiring.
	ActiveLow bool
}

const filePrefix = "file:"

// Open puts all lamps out, then stands ready to Show. The Lamps are usable even
// with an error, which tells of every lamp that failed: such a lamp is tried again.
func Open(c Config) (*Lamps, error) {
	var open [lampCount]func() (Line, error)
	taken := make(map[string]colour)
	for _, lamp := range []struct {
		colour
		name string
	}{{green, c.Green}, {red, c.Red}, {amber, c.Amber}} {
		if lamp.name == "" {
			continue
		}
		if other, ok := taken[lamp.name]; ok {
			open[lamp.colour] = func() (Line, error) {
				return nil, fmt.Errorf("%s is the line of %s too; give each lamp its own", lamp.name, other)
			}
			continue
		}
		taken[lamp.name] = lamp.colour
		open[lamp.colour] = Opener(lamp.name, c.ActiveLow)
	}
	return start(open)
}

// Opener gives what opens the line of a name, off. It may be called again after the
// line was closed; on a file activeLow means nothing.
func Opener(name string, activeLow bool) func() (Line, error) {
	if path, ok := strings.CutPrefix(name, filePrefix); ok {
		return func() (Line, error) { return openFile(path) }
	}
	return gpioOpener(name, activeLow)
}

// Off puts all lamps out and lets go of them. It is for the time after the daemon:
// on a Raspberry Pi a line keeps its level when the process that drove it dies.
func Off(c Config) error {
	lamps, _ := Open(c) // what failed is tried again by Close, and told by it
	return lamps.Close()
}
