// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"path"

	"github.com/tagbase/tagbase-edge/scan"
)

// checkLogin checks that nobody can log in on the reader's port: a login prompt writes to the reader and takes its
// answers.
func checkLogin(e *examination) []Finding {
	const check = "getty"
	if e.port.bus != busUART {
		return []Finding{skipped(check, "the reader is not on the board's UART")}
	}

	ttys := []string{e.port.name()}
	if e.machine.serial0() == e.port.path {
		ttys = append(ttys, "serial0")
	}
	for _, tty := range ttys {
		// A masked unit is a link to /dev/null; nothing can start it.
		unit := "serial-getty@" + tty + ".service"
		if follow(e.Root, "/etc/systemd/system/"+unit) == "/dev/null" {
			continue
		}

		// Enabled by hand, or generated at boot because of console= on the kernel's command line.
		for _, dir := range []string{"/etc/systemd/system", "/run/systemd/generator"} {
			if exists(e.Root, path.Join(dir, "getty.target.wants", unit)) {
				return []Finding{wrong(check, unit+" offers a login on the reader's port",
					"sudo systemctl mask --now "+unit).coded(scan.ServiceReaderSilent)}
			}
		}
	}
	return []Finding{fine(check, "no login on "+e.port.path)}
}
