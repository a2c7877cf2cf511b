// SPDX-License-Identifier: Apache-2.0

package connstring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// byPath is how udev names a USB serial converter by where it is plugged in.
const byPath = "/dev/serial/by-path/platform-xhci:usb-0:1.2:1.0-port0"

func TestParse(t *testing.T) {
	const numbered = "/dev/usb-0:1"
	exists := func(path string) bool { return path == numbered }

	for text, want := range map[string]Connstring{
		"pn532_uart:/dev/ttyAMA0":          {"pn532_uart", "/dev/ttyAMA0", ""},
		"pn532_uart:/dev/ttyAMA0:115200":   {"pn532_uart", "/dev/ttyAMA0", "115200"},
		"pn532_uart:/dev/ttyAMA0:":         {"pn532_uart", "/dev/ttyAMA0:", ""},
		"pn532_spi:/dev/spidev0.0:1000000": {"pn532_spi", "/dev/spidev0.0", "1000000"},
		"pn532_uart:" + byPath:             {"pn532_uart", byPath, ""},
		"pn532_uart:" + byPath + ":9600":   {"pn532_uart", byPath, "9600"},
		"pn532_uart:" + numbered:           {"pn532_uart", numbered, ""},
		"pn532_uart:" + numbered + ":9600": {"pn532_uart", numbered, "9600"},
		"acr122_usb:001:004":               {"acr122_usb", "001:004", ""},
	} {
		got := Parse(text, exists)
		if got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
		if got.String() != text {
			t.Errorf("%s is written %s", text, got)
		}
		if got.IsFile() == (got.Driver == "acr122_usb") {
			t.Errorf("%s: a file is %v", text, got.IsFile())
		}
	}
}

func TestResolve(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}

	node, colons, link := filepath.Join(dir, "ttyUSB0"), filepath.Join(dir, "no:node"), filepath.Join(dir, "usb-0:1.2")
	err = errors.Join(os.WriteFile(node, nil, 0o600), os.WriteFile(colons, nil, 0o600), os.Symlink("ttyUSB0", link))
	if err != nil {
		t.Fatal(err)
	}

	want := Connstring{"pn532_uart", node, "9600"}
	if got, err := (Connstring{"pn532_uart", link, "9600"}).Resolve(); err != nil || got != want {
		t.Errorf("the link is %+v (%v), want %+v", got, err, want)
	}
	if _, err := (Connstring{Path: colons}).Resolve(); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a node with a colon in its name: %v", err)
	}
	if _, err := (Connstring{Path: link + "3"}).Resolve(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a node that is not there: %v", err)
	}
}
