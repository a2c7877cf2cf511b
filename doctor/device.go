// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	plugIn    = "plug it in, and look for it with: lsusb"
	listPorts = "ls -l /dev/serial0 /dev/ttyAMA* /dev/ttyS* /dev/ttyUSB* /dev/ttyACM* /dev/i2c-* /dev/spidev*"
)

// checkDevice checks that the reader's port is there.
func checkDevice(e *examination) []Finding {
	const check = "device"
	p := e.port
	switch {
	case p.bus == busSimulated:
		return []Finding{skipped(check, "the reader is simulated")}
	case p.bus == busUSB:
		return []Finding{e.usbReader(check)}
	case !p.isFile():
		return []Finding{skipped(check, "no reader is configured")}
	}

	info, err := fs.Stat(e.Root, rooted(p.path))
	switch {
	case err != nil:
		return []Finding{e.missingDevice(check).coded(scan.ServiceReaderNotFound)}
	case info.Mode()&fs.ModeCharDevice == 0:
		// A shell's > makes it; after that udev cannot make the node.
		what := p.path + " is a plain file, not a device: a program wrote to the port while it was not there"
		return []Finding{wrong(check, what, "sudo rm "+p.path, reboot).coded(scan.ServiceReaderNotFound)}
	}

	found := p.path + " is there"
	if p.given != p.path {
		found = fmt.Sprintf("%s is %s", p.given, p.path)
	}
	return []Finding{fine(check, found)}
}

// missingDevice says why a port is not there, as far as its bus tells.
func (e *examination) missingDevice(check string) Finding {
	p := e.port
	found := p.given + " is not there"
	if p.given != p.path {
		found = fmt.Sprintf("%s leads to %s, which is not there", p.given, p.path)
	}

	switch {
	case p.bus == busI2C && !e.loaded("i2c_dev"):
		return wrong(check, found+": the module i2c-dev is not loaded",
			"echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf", "sudo modprobe i2c-dev")
	case p.onHeader():
		// What config.txt itself lacks has been said by its own check.
		return wrong(check, found+"; config.txt takes effect at the next boot", reboot)
	case p.bus == busSerialUSB:
		return e.missingConverter(check, found)
	default:
		return wrong(check, found, listPorts, e.inConfig("reader", " the one that the reader is wired to"))
	}
}

// missingConverter says why the serial port of a USB converter is not there.
func (e *examination) missingConverter(check, found string) Finding {
	for _, d := range usbDevices(e.Root) {
		driver := usbSerial[d.vendor]
		switch {
		case driver == "":
			continue
		case !e.loaded(driver):
			what := fmt.Sprintf("%s: USB device %s is plugged in, and its driver %s is not loaded", found, d.id, driver)
			everyBoot := fmt.Sprintf("echo %s | sudo tee /etc/modules-load.d/tagbase-reader.conf", driver)
			return wrong(check, what, everyBoot, "sudo modprobe "+driver)
		default:
			// The kernel numbers ports as they come: ttyUSB0 can be ttyUSB1 after a loose contact.
			what := fmt.Sprintf("%s, but USB device %s is plugged in: it has another number now", found, d.id)
			stays := fmt.Sprintf(` the name that stays: device = "%s:/dev/serial/by-id/…"`, e.port.driver)
			return wrong(check, what, "ls -l /dev/serial/by-id/", e.inConfig("reader", stays))
		}
	}
	return wrong(check, found+", and no USB serial converter is plugged in", plugIn)
}

// usbReader looks for a USB reader where the connstring says, and then elsewhere: its address changes whenever it is
// plugged in.
func (e *examination) usbReader(check string) Finding {
	var others []usbDevice
	for _, d := range usbDevices(e.Root) {
		kind := usbReaders[d.id]
		switch {
		case kind == "":
		case d.address == e.port.usb:
			f := fine(check, fmt.Sprintf("%s (%s) is at %s", kind, d.id, d.address))
			f.Better = []string{"its numbers change whenever it is plugged in; a PN532 on the UART keeps its name"}
			return f
		default:
			others = append(others, d)
		}
	}

	if len(others) == 0 {
		what := fmt.Sprintf("no USB reader that libnfc knows is plugged in at %s or elsewhere", e.port.usb)
		return wrong(check, what, plugIn).coded(scan.ServiceReaderNotFound)
	}
	d := others[0]
	what := fmt.Sprintf("no reader is at %s; %s (%s) is at %s", e.port.usb, usbReaders[d.id], d.id, d.address)
	mend := e.inConfig("reader", fmt.Sprintf(`: device = "%s:%s"`, e.port.driver, d.address))
	return wrong(check, what, mend).coded(scan.ServiceReaderNotFound)
}
