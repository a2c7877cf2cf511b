// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/connstring"
	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

type busKind int

const (
	busOther     busKind = iota
	busUART              // the board's own
	busSerialUSB         // a USB stick or cable that is a serial port
	busI2C
	busSPI
	busUSB // a USB reader that libusb claims
	busSimulated
)

// A port is where the configuration says that the reader is.
type port struct {
	driver string
	given  string // the path as it was configured
	path   string // where links lead
	bus    busKind
	usb    string // of a USB reader, "bus:device"
}

func parsePort(root fs.FS, device string) (p port) {
	c := connstring.Parse(device, func(path string) bool { return exists(root, path) })
	p.driver = c.Driver
	switch {
	case p.driver == "simulated":
		p.bus, p.given = busSimulated, c.Path
	case c.IsFile():
		p.given = c.Path
	case strings.HasSuffix(p.driver, "_usb"):
		p.bus, p.usb = busUSB, c.Path
	}
	p.path = p.given
	return p
}

var onBoardUART = lazyregexp.New(`^(ttyAMA|ttyS|serial)[0-9]+$`)

// resolve follows the links that udev makes.
func (p *port) resolve(root fs.FS) {
	if p.bus != busOther || p.given == "" {
		return
	}
	p.path = follow(root, p.given)
	switch {
	case strings.HasSuffix(p.driver, "_i2c"):
		p.bus = busI2C
	case strings.HasSuffix(p.driver, "_spi"):
		p.bus = busSPI
	case strings.HasPrefix(p.name(), "ttyUSB"), strings.HasPrefix(p.name(), "ttyACM"), strings.HasPrefix(p.given, "/dev/serial/"):
		p.bus = busSerialUSB
	case onBoardUART().MatchString(p.name()):
		p.bus = busUART
	}
}

func (p port) name() string { return path.Base(p.path) }

// onBoard tells of a reader on the header's pins, which the firmware must switch on.
func (p port) onBoard() bool { return slices.Contains([]busKind{busUART, busI2C, busSPI}, p.bus) }

// hasNode tells of a reader that is a file in /dev.
func (p port) hasNode() bool { return p.given != "" && p.bus != busSimulated }

// usbSerial is USB serial converters by vendor, and their drivers.
var usbSerial = map[string]string{
	"1a86": "ch341", "0403": "ftdi_sio", "10c4": "cp210x", "067b": "pl2303", "2341": "cdc_acm",
}

// usbReaders is readers that libnfc drives over USB.
var usbReaders = map[string]string{
	"072f:2200": "ACR122U", "072f:90cc": "Touchatag", "04e6:5591": "SCL3711", "04e6:5594": "SCL3712", "04cc:2533": "PN533", "054c:02e1": "RC-S330",
}

// A usbDevice is one entry of /sys/bus/usb/devices.
type usbDevice struct{ id, vendor, address string }

func usbDevices(root fs.FS) (found []usbDevice) {
	const dir = "/sys/bus/usb/devices/"
	for _, name := range names(root, dir) {
		word := func(file string) string { return strings.TrimSpace(text(root, dir+name+"/"+file)) }
		if vendor := word("idVendor"); vendor != "" {
			found = append(found, usbDevice{
				id:      vendor + ":" + word("idProduct"),
				vendor:  vendor,
				address: fmt.Sprintf("%03s:%03s", word("busnum"), word("devnum")),
			})
		}
	}
	return found
}

// node checks that the reader's device is there.
func node(e *exam) []Finding {
	const check = "device"
	p := e.port
	switch {
	case p.bus == busSimulated:
		return []Finding{skipped(check, "the reader is simulated")}
	case p.bus == busUSB:
		return []Finding{e.usbNode(check).coded(codeReaderMissing)}
	case p.given == "":
		return []Finding{skipped(check, "no reader is configured")}
	}
	info, err := fs.Stat(e.Root, rooted(p.path))
	switch {
	case err != nil:
		return []Finding{e.noNode(check).coded(codeReaderMissing)}
	case info.Mode()&fs.ModeCharDevice == 0:
		return []Finding{wrong(check, p.path+" is no device but a file that somebody has written",
			"sudo rm "+p.path, reboot).coded(codeReaderMissing)}
	}
	found := p.path + " is there"
	if p.given != p.path {
		found = fmt.Sprintf("%s is %s", p.given, p.path)
	}
	return []Finding{fine(check, found)}
}

func (e *exam) noNode(check string) Finding {
	p := e.port
	found := p.given + " is not there"
	if p.given != p.path {
		found = fmt.Sprintf("%s leads to %s, which is not there", p.given, p.path)
	}
	switch p.bus {
	case busUART, busSPI:
		return wrong(check, found+"; config.txt counts from the next boot on", reboot)
	case busI2C:
		if e.loaded("i2c_dev") {
			return wrong(check, found+"; config.txt counts from the next boot on", reboot)
		}
		return wrong(check, found+": the module i2c-dev is not loaded",
			"echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf", "sudo modprobe i2c-dev")
	case busSerialUSB:
		return e.noSerialUSB(check, found)
	default:
		return wrong(check, found, "ls -l /dev/serial0 /dev/ttyAMA* /dev/ttyS* /dev/ttyUSB* /dev/ttyACM* /dev/i2c-* /dev/spidev*",
			fmt.Sprintf("write in %s under [reader] the one that the reader is wired to", e.Config.File))
	}
}

func (e *exam) noSerialUSB(check, found string) Finding {
	for _, d := range usbDevices(e.Root) {
		driver := usbSerial[d.vendor]
		if driver == "" {
			continue
		}
		if !e.loaded(driver) {
			return wrong(check, fmt.Sprintf("%s: USB device %s is plugged in, and its driver %s is not loaded", found, d.id, driver),
				fmt.Sprintf("echo %s | sudo tee /etc/modules-load.d/tagbase-reader.conf", driver), "sudo modprobe "+driver)
		}
		return wrong(check, fmt.Sprintf("%s, but USB device %s is plugged in: it has another number now", found, d.id),
			"ls -l /dev/serial/by-id/",
			fmt.Sprintf(`write in %s under [reader] the name that stays: device = "%s:/dev/serial/by-id/…"`, e.Config.File, e.port.driver))
	}
	return wrong(check, found+", and no USB serial converter is plugged in", "plug it in, and look for it with: lsusb")
}

// usbNode looks for the reader where libusb would.
func (e *exam) usbNode(check string) Finding {
	var there []usbDevice
	for _, d := range usbDevices(e.Root) {
		if usbReaders[d.id] == "" {
			continue
		}
		there = append(there, d)
		if d.address == e.port.usb {
			f := fine(check, fmt.Sprintf("%s (%s) is at %s", usbReaders[d.id], d.id, d.address))
			f.Better = []string{"its numbers change whenever it is plugged in; a PN532 on the UART keeps its name"}
			return f
		}
	}
	if len(there) == 0 {
		return wrong(check, fmt.Sprintf("no USB reader that libnfc knows is plugged in at %s or elsewhere", e.port.usb),
			"plug it in, and look for it with: lsusb")
	}
	d := there[0]
	return wrong(check, fmt.Sprintf("no reader is at %s; %s (%s) is at %s", e.port.usb, usbReaders[d.id], d.id, d.address),
		fmt.Sprintf(`write in %s under [reader]: device = "%s:%s"`, e.Config.File, e.port.driver, d.address))
}
