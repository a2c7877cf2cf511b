// SPDX-License-Identifier: Apache-2.0

// Package connstring takes apart how libnfc names a reader:
//
//	DRIVER:PATH[:SPEED]     pn532_uart:/dev/ttyAMA0:115200
//	DRIVER:BUS:DEVICE       acr122_usb:001:004
//
// libnfc itself splits at every colon, so it takes no path with one; udev's names below
// /dev/serial/by-path are full of them. Parse understands them, and Resolve finds the node behind.
package connstring

import (
	"fmt"
	"path/filepath"
	"strings"
)

// A Connstring is a connstring in its parts.
type Connstring struct {
	Driver string
	Path   string // of a reader that is no file in /dev: all that stands behind the driver
	Speed  string // bits a second of a UART, hertz of SPI; "" is the driver's own
}

// Parse takes a connstring apart. A number behind the last colon of a path is a speed, unless
// exists says that there is a file whose name ends so.
func Parse(s string, exists func(path string) bool) (c Connstring) {
	c.Driver, c.Path, _ = strings.Cut(s, ":")
	at := strings.LastIndexByte(c.Path, ':')
	if !c.IsFile() || at < 0 {
		return c
	}

	speed := c.Path[at+1:]
	if speed == "" || strings.Trim(speed, "0123456789") != "" || exists(c.Path) {
		return c
	}
	c.Path, c.Speed = c.Path[:at], speed
	return c
}

// IsFile tells whether Path is a file's: a USB reader has a bus and a device number there.
func (c Connstring) IsFile() bool { return strings.HasPrefix(c.Path, "/") }

// Resolve follows the links of Path to the node. The error is fs.ErrNotExist if nothing is there.
func (c Connstring) Resolve() (Connstring, error) {
	node, err := filepath.EvalSymlinks(c.Path)
	if err != nil {
		return c, fmt.Errorf("reader %s: %w", c.Path, err)
	}
	if strings.Contains(node, ":") {
		return c, fmt.Errorf("reader %s: libnfc takes no colon in a device's path; "+
			"make a link without one, by a udev rule with SYMLINK+=", node)
	}
	c.Path = node
	return c, nil
}

// String is the connstring as libnfc takes it.
func (c Connstring) String() string {
	if c.Speed == "" {
		return c.Driver + ":" + c.Path
	}
	return c.Driver + ":" + c.Path + ":" + c.Speed
}
