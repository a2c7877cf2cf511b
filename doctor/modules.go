// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tagbase/tagbase-edge/scan"
)

// loaded tells whether a module is in the running kernel.
func (e *examination) loaded(module string) bool {
	return slices.ContainsFunc(lines(e.Root, "/proc/modules"), func(line string) bool {
		return strings.HasPrefix(line, module+" ")
	})
}

// rivals are the kernel's own drivers of NFC readers. A module stands before those that it needs: modprobe -r removes
// them in this order.
var rivals = []string{"pn533_usb", "pn533_i2c", "pn533_uart", "pn532_uart", "pn533", "nfc"}

// checkModules checks that the kernel does not drive the reader itself. The blacklist of Debian's libnfc6 keeps some
// of these modules from being loaded for a device, but it does not unload one, and does not name all.
func checkModules(e *examination) []Finding {
	const check = "modules"
	if e.port.bus == busSimulated {
		return []Finding{skipped(check, "the reader is simulated")}
	}

	var there, rules []string
	for _, module := range rivals {
		if e.loaded(module) {
			there = append(there, module)
			rules = append(rules, "install "+module+" /bin/false")
		}
	}
	if len(there) == 0 {
		return []Finding{fine(check, "no kernel driver claims the reader")}
	}

	what := "the kernel has loaded reader drivers of its own: " + strings.Join(there, ", ")
	return []Finding{wrong(check, what,
		fmt.Sprintf(`printf '%s\n' | sudo tee /etc/modprobe.d/tagbase-edge.conf`, strings.Join(rules, `\n`)),
		"sudo modprobe -r "+strings.Join(there, " ")).coded(scan.ServiceReaderSilent)}
}
