// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

// gpioLine has the two calls of a periph line that are safe on an output: Read and
// Func of periph 3.8.5 turn it into an input with a pull-up (periph/host #75).
type gpioLine struct {
	name      string
	out       func(gpio.Level) error
	release   func()
	activeLow bool
}

// gpioOpener remembers who held the line when the chips were scanned, which is
// once a process: periph forgets it on release.
func gpioOpener(name string, activeLow bool) func() (Line, error) {
	var holder string
	return func() (Line, error) {
		if _, err := driverreg.Init(); err != nil {
			return nil, fmt.Errorf("%s: looking for GPIO chips: %w", name, err)
		}
		nodes, err := filepath.Glob("/dev/gpiochip*")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found, err := findLine(gpioioctl.Chips, nodes, name)
		if err != nil {
			return nil, err
		}
		if c := found.Consumer(); c != "" {
			holder = c
		}
		line, err := claim(&gpioLine{name: name, out: found.Out, release: found.Close, activeLow: activeLow}, holder)
		if err == nil {
			holder = ""
		}
		return line, err
	}
}

// claim takes the line as an output, dark. The kernel drives a new output low for
// some microseconds before the level comes, so a lamp that is active low flickers.
func claim(l *gpioLine, holder string) (Line, error) {
	err := l.Set(false)
	if err == nil {
		return l, nil
	}
	// After an Out that failed periph believes that it has the line, and would
	// drive file descriptor 0 the next time. Close makes it ask anew.
	l.release()
	if holder != "" {
		return nil, fmt.Errorf("%w; another program holds it: %q; stop that one or choose another line", err, holder)
	}
	return nil, fmt.Errorf("%w; gpioinfo tells whether another program holds it", err)
}

func findLine(chips []*gpioioctl.GPIOChip, nodes []string, name string) (*gpioioctl.GPIOLine, error) {
	for _, chip := range chips {
		if line := chip.ByName(name); line != nil {
			return line, nil
		}
	}
	for _, node := range nodes {
		f, err := os.Open(node)
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%s: %w; add the user to the group gpio", name, err)
		}
		if err == nil {
			_ = f.Close() // opened only to learn whether we may
		}
	}
	switch {
	case len(nodes) == 0:
		return nil, fmt.Errorf("%s: this machine has no GPIO chip; choose a lamp by file: or leave it empty", name)
	case len(chips) == 0:
		return nil, fmt.Errorf("%s: no GPIO chip answers; Linux 5.10 or newer is needed", name)
	}
	return nil, fmt.Errorf("%s: no GPIO line has this name; gpioinfo lists those there are", name)
}

func (l *gpioLine) Set(on bool) error {
	if err := l.out(gpio.Level(on != l.activeLow)); err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	return nil
}

func (l *gpioLine) Close() error {
	l.release()
	return nil
}
