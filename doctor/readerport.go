// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"path"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/connstring"
	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

// A busKind is how a reader is connected, which decides what can be wrong with its port.
type busKind int

const (
	busOther     busKind = iota
	busUART              // a UART of the board itself
	busSerialUSB         // a USB stick or cable that is a serial port
	busI2C
	busSPI
	busUSB // a USB reader that libusb claims
	busSimulated
)

// A readerPort is where the configuration says that the reader is.
type readerPort struct {
	driver string
	given  string // the path in /dev as it is configured; empty if the reader is no file there
	path   string // where the links of given lead; of the bench, its socket
	bus    busKind
	usb    string // of a USB reader, "bus:device"
}

// parsePort takes a connstring apart and follows the links that udev makes.
func parsePort(root fs.FS, device string) (p readerPort) {
	c := connstring.Parse(device, func(path string) bool { return exists(root, path) })
	p.driver = c.Driver
	switch {
	case c.Driver == "simulated":
		p.bus, p.path = busSimulated, c.Path
		return p
	case !c.IsFile():
		if strings.HasSuffix(c.Driver, "_usb") {
			p.bus, p.usb = busUSB, c.Path
		}
		return p
	}

	p.given, p.path = c.Path, follow(root, c.Path)
	p.bus = p.busOfFile()
	return p
}

var onBoardUART = lazyregexp.New(`^(ttyAMA|ttyS|serial)[0-9]+$`)

func (p readerPort) busOfFile() busKind {
	name := p.name()
	switch {
	case strings.HasSuffix(p.driver, "_i2c"):
		return busI2C
	case strings.HasSuffix(p.driver, "_spi"):
		return busSPI
	case strings.HasPrefix(name, "ttyUSB"), strings.HasPrefix(name, "ttyACM"),
		strings.HasPrefix(p.given, "/dev/serial/"): // of a stick that is unplugged: the link, and so the name, is gone
		return busSerialUSB
	case onBoardUART().MatchString(name):
		return busUART
	default:
		return busOther
	}
}

// name is the kernel's name of the device, such as "ttyAMA0".
func (p readerPort) name() string { return path.Base(p.path) }

// onHeader tells whether the reader is on the header's pins, which config.txt has to switch on.
func (p readerPort) onHeader() bool { return p.bus == busUART || p.bus == busI2C || p.bus == busSPI }

// isFile tells whether the reader is a file in /dev.
func (p readerPort) isFile() bool { return p.given != "" }
