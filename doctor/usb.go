// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"strings"
)

// usbSerial are the vendors of USB serial converters, and the kernel's drivers for them.
var usbSerial = map[string]string{
	"1a86": "ch341", "0403": "ftdi_sio", "10c4": "cp210x", "067b": "pl2303", "2341": "cdc_acm",
}

// usbReaders are the readers that libnfc drives over USB, by vendor and product: the tables of its drivers
// acr122_usb and pn53x_usb (libnfc 1.8.0).
var usbReaders = map[string]string{
	"072f:2200": "ACR122U", "072f:90cc": "Touchatag", "04e6:5591": "SCL3711", "04e6:5594": "SCL3712",
	"04cc:2533": "PN533", "054c:02e1": "RC-S330",
}

// A usbDevice is one entry of /sys/bus/usb/devices.
type usbDevice struct {
	id      string // vendor:product
	vendor  string
	address string // bus:device, as libnfc writes it; it changes whenever the device is plugged in
}

func usbDevices(root fs.FS) (found []usbDevice) {
	const dir = "/sys/bus/usb/devices/"
	for _, name := range names(root, dir) {
		word := func(file string) string { return strings.TrimSpace(text(root, dir+name+"/"+file)) }

		vendor := word("idVendor")
		if vendor == "" {
			continue // an interface of a device, which has no numbers of its own
		}
		found = append(found, usbDevice{
			id:      vendor + ":" + word("idProduct"),
			vendor:  vendor,
			address: fmt.Sprintf("%03s:%03s", word("busnum"), word("devnum")),
		})
	}
	return found
}
