// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/procfs"
)

// A Candidate is a port on which a reader may be, of those that make sense on
// this board. Nothing has been sent to it.
type Candidate struct {
	Connstring string
	Where      string // for a person
}

// Candidates are the ports where a reader would be found: the header's pins by
// what config.txt makes of them, then USB. A serial port that may be something
// else's is not among them.
func Candidates(root fs.FS) (found []Candidate) {
	m := readMachine(root)
	add := func(node, driver, where string) {
		if exists(root, node) {
			found = append(found, Candidate{driver + ":" + node, where})
		}
	}
	if m.board != otherBoard {
		add(m.uart(), "pn532_uart", "UART, the header's pins 8 and 10")
		add("/dev/spidev0.0", "pn532_spi", "SPI, the header's pins 19, 21, 23 and 24")
		add("/dev/i2c-1", "pn532_i2c", "I2C, the header's pins 3 and 5: slow")
	}
	const byID = "/dev/serial/by-id/"
	for _, name := range names(root, byID) {
		if !strings.Contains(name, ":") {
			add(byID+name, "pn532_uart", "a USB serial converter")
		}
	}
	for _, d := range usbDevices(root) {
		switch kind := usbReaders[d.id]; {
		case strings.HasPrefix(d.id, "072f:"):
			found = append(found, Candidate{"acr122_usb:" + d.address, kind + ": for the bench"})
		case kind != "":
			found = append(found, Candidate{"pn53x_usb:" + d.address, kind})
		}
	}
	return found
}

// Running is the process of the daemon that runs with a configuration, "" being any;
// 0 if none does.
func Running(root fs.FS, config string) int {
	for _, pid := range procfs.PIDs(root) {
		p := procfs.Lookup(root, pid)
		if p.Name == self && strings.Contains(p.Args+" ", " run ") && strings.HasSuffix(p.Args, config) {
			return pid
		}
	}
	return 0
}

// ServiceOf is the systemd service that takes a configuration: the plain one, or its
// template's; "" if none does.
func ServiceOf(config string) string {
	name, ok := strings.CutPrefix(config, "/etc/tagbase-edge/")
	instance, toml := strings.CutSuffix(name, ".toml")
	switch {
	case !ok || !toml || instance == "" || strings.Contains(instance, "/"):
		return ""
	case instance == "config":
		return unitName
	default:
		return "tagbase-edge@" + instance + ".service"
	}
}

// Usual is the connstring of a reader on the port of this board that docs/install.md
// has it wired to, whether or not that port is switched on; "" if it is no Raspberry Pi.
func Usual(root fs.FS) string { return readMachine(root).usual(root) }

func (m machine) usual(root fs.FS) string {
	switch {
	case m.board == otherBoard:
		return ""
	case m.board == radioPi && m.uart() == "/dev/ttyS0" && m.config.value("enable_uart") == "1" && exists(root, "/dev/ttyS0"):
		return "pn532_uart:/dev/ttyS0"
	default:
		return "pn532_uart:/dev/ttyAMA0"
	}
}
