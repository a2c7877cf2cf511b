// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"strings"
)

// A Candidate is a port on which a reader may be, of those that make sense on this board. Nothing has been sent to it.
type Candidate struct {
	Connstring string
	Where      string // for a person: which pins, or what is plugged in
}

// Candidates returns the ports where a reader would be found: the header's pins by what config.txt makes of them,
// then USB. A serial port that may belong to something else is not among them.
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

	// By-id names stay the same when a stick is plugged in again. libnfc takes no path with a colon.
	const byID = "/dev/serial/by-id/"
	for _, name := range names(root, byID) {
		if !strings.Contains(name, ":") {
			add(byID+name, "pn532_uart", "a USB serial converter")
		}
	}

	for _, d := range usbDevices(root) {
		switch kind := usbReaders[d.id]; {
		case strings.HasPrefix(d.id, "072f:"): // ACS and its like, which have a driver of their own in libnfc
			found = append(found, Candidate{"acr122_usb:" + d.address, kind + ": for the bench"})
		case kind != "":
			found = append(found, Candidate{"pn53x_usb:" + d.address, kind})
		}
	}
	return found
}

// Usual returns the connstring of the port that docs/install.md tells people to wire a reader to on this board,
// whether or not that port is switched on. It is "" if this is no Raspberry Pi.
func Usual(root fs.FS) string { return readMachine(root).usual(root) }

func (m machine) usual(root fs.FS) string {
	if m.board == otherBoard {
		return ""
	}

	// Somebody has set the mini-UART up: that port is then the one to examine.
	miniUART := m.board == radioPi && m.uart() == "/dev/ttyS0" && m.config.value("enable_uart") == "1"
	if miniUART && exists(root, "/dev/ttyS0") {
		return "pn532_uart:/dev/ttyS0"
	}
	return "pn532_uart:/dev/ttyAMA0"
}
