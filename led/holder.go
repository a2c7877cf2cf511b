// SPDX-License-Identifier: Apache-2.0

package led

import (
	"fmt"
	"path/filepath"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/host/v3/gpioioctl"
)

// Holder returns the name of the program or kernel driver that holds a GPIO line, or
// "" if the line is free. It does not take the line. The error is fs.ErrPermission if
// this user may not open one of the GPIO chips.
func Holder(name string) (string, error) {
	line, err := lookUpLine(name)
	if err != nil {
		return "", err
	}
	return line.Consumer(), nil
}

// lookUpLine finds a GPIO line by its name on the chips of this machine.
func lookUpLine(name string) (*gpioioctl.GPIOLine, error) {
	if _, err := driverreg.Init(); err != nil {
		return nil, fmt.Errorf("%s: looking for GPIO chips: %w", name, err)
	}

	nodes, err := filepath.Glob("/dev/gpiochip*")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return findLine(gpioioctl.Chips, nodes, name)
}
