// SPDX-License-Identifier: Apache-2.0

package led

import (
	"fmt"
	"path/filepath"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/host/v3/gpioioctl"
)

// Holder is the name under which a program or the kernel holds the GPIO line
// name; "" if nobody does. It takes nothing. The error is fs.ErrPermission if a
// chip may not be asked.
func Holder(name string) (string, error) {
	if _, err := driverreg.Init(); err != nil {
		return "", fmt.Errorf("%s: looking for GPIO chips: %w", name, err)
	}
	nodes, err := filepath.Glob("/dev/gpiochip*")
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	line, err := findLine(gpioioctl.Chips, nodes, name)
	if err != nil {
		return "", err
	}
	return line.Consumer(), nil
}
