// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

// gpioLine is a GPIO line of the kernel's character device. It uses only the two calls
// of periph that are safe on an output: Read and Func of periph 3.8.5 turn the line
// into an input with a pull-up (periph/host #75).
type gpioLine struct {
	name      string
	out       func(gpio.Level) error
	release   func()
	activeLow bool
}

func gpioOpener(name string, activeLow bool) func() (Line, error) {
	// periph scans the chips once a process, and forgets on release who held a line.
	// So we remember the holder until we have had the line ourselves.
	var holder string

	return func() (Line, error) {
		found, err := lookUpLine(name)
		if err != nil {
			return nil, err
		}
		if c := found.Consumer(); c != "" {
			holder = c
		}

		line, err := claim(&gpioLine{name: name, out: found.Out, release: found.Close, activeLow: activeLow}, holder)
		if err == nil {
			holder = "" // the consumer that periph names from now on is this program
		}
		return line, err
	}
}

// claim takes the line as an output, dark. The kernel drives a new output low for
// a few microseconds before it sets the level, so an active-low lamp flickers.
func claim(l *gpioLine, holder string) (Line, error) {
	err := l.Set(false)
	if err == nil {
		return l, nil
	}

	// After an Out that failed, periph believes that it has the line, and would drive
	// file descriptor 0 the next time. After a Close it asks the kernel again.
	l.release()

	if holder != "" {
		return nil, fmt.Errorf("%w; another program holds it: %q; stop that one or choose another line", err, holder)
	}
	return nil, fmt.Errorf("%w; run gpioinfo to see whether another program holds it", err)
}

// findLine looks for the line on all chips. nodes are the chips' device files; with
// them the error can say why the line was not found.
func findLine(chips []*gpioioctl.GPIOChip, nodes []string, name string) (*gpioioctl.GPIOLine, error) {
	for _, chip := range chips {
		if line := chip.ByName(name); line != nil {
			return line, nil
		}
	}

	// periph leaves out a chip that it may not open, and the line may be on that one.
	for _, node := range nodes {
		f, err := os.Open(node)
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%s: %w; add the user to the group gpio", name, err)
		}
		if err == nil {
			_ = f.Close() // we only wanted to know whether we may open it
		}
	}

	switch {
	case len(nodes) == 0:
		return nil, fmt.Errorf("%s: this machine has no GPIO chip; choose a lamp by file: or leave it empty", name)
	case len(chips) == 0:
		// periph speaks version 2 of the GPIO interface, which came with that kernel.
		return nil, fmt.Errorf("%s: no GPIO chip answers; Linux 5.10 or newer is needed", name)
	}
	return nil, fmt.Errorf("%s: no GPIO line has this name; gpioinfo lists all names", name)
}

// Set switches the lamp, whichever level lights it.
func (l *gpioLine) Set(on bool) error {
	if err := l.out(gpio.Level(on != l.activeLow)); err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	return nil
}

// Close gives the line back to the kernel.
func (l *gpioLine) Close() error {
	l.release()
	return nil
}
