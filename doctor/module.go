// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// loaded tells whether a module is in the running kernel.
func (e *exam) loaded(module string) bool {
	return slices.Contains(e.modules(), module)
}

func (e *exam) modules() (found []string) {
	for _, line := range lines(e.Root, "/proc/modules") {
		if name, _, ok := strings.Cut(line, " "); ok {
			found = append(found, name)
		}
	}
	return found
}

// rivals are the kernel's own drivers of NFC readers, each before what it needs.
var rivals = []string{"pn533_usb", "pn533_i2c", "pn533_uart", "pn532_uart", "pn533", "nfc"}

// modules checks that the kernel does not drive the reader itself. The blacklist
// that Debian's libnfc6 brings keeps a module from coming by itself, but does not
// unload one, and does not name all.
func modules(e *exam) []Finding {
	const check = "modules"
	if e.port.bus == busSimulated {
		return []Finding{skipped(check, "the reader is simulated")}
	}
	var there []string
	for _, module := range rivals {
		if e.loaded(module) {
			there = append(there, module)
		}
	}
	if len(there) == 0 {
		return []Finding{fine(check, "the kernel leaves readers alone")}
	}
	rules := make([]string, len(there))
	for i, module := range there {
		rules[i] = "install " + module + " /bin/false"
	}
	return []Finding{wrong(check, fmt.Sprintf("the kernel drives readers itself: %s", strings.Join(there, ", ")),
		fmt.Sprintf(`printf '%s\n' | sudo tee /etc/modprobe.d/tagbase-edge.conf`, strings.Join(rules, `\n`)),
		"sudo modprobe -r "+strings.Join(there, " ")).coded(codeReaderSilent)}
}
