// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"path"
)

// getty checks that nobody can log in on the reader's port: a login prompt talks
// to the reader, and the reader to it.
func getty(e *exam) []Finding {
	const check = "getty"
	if e.port.bus != busUART {
		return []Finding{skipped(check, "the reader is not on the board's UART")}
	}
	ttys := []string{e.port.name()}
	if e.machine.serial0() == e.port.path {
		ttys = append(ttys, "serial0")
	}
	for _, tty := range ttys {
		unit := "serial-getty@" + tty + ".service"
		if follow(e.Root, "/etc/systemd/system/"+unit) == "/dev/null" {
			continue
		}
		for _, dir := range []string{"/etc/systemd/system", "/run/systemd/generator"} {
			if exists(e.Root, path.Join(dir, "getty.target.wants", unit)) {
				return []Finding{wrong(check, fmt.Sprintf("%s offers a login on the reader's port", unit),
					"sudo systemctl mask --now "+unit).coded(codeReaderSilent)}
			}
		}
	}
	return []Finding{fine(check, "no login on "+e.port.path)}
}
