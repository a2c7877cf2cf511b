// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/tagbase/tagbase-edge/scan"
)

// appendUdevRule is the end of a command that prints a rule for udev.
const appendUdevRule = " | sudo tee -a /etc/udev/rules.d/99-tagbase-edge.rules"

// checkPermission checks that the daemon's user may open the reader's device.
func checkPermission(e *examination) []Finding {
	const check = "permission"
	if !e.port.isFile() {
		return []Finding{skipped(check, "the reader is not a file in /dev")}
	}
	if !e.user.known {
		what := fmt.Sprintf("the unit runs as user %q, who does not exist", e.user.name)
		return []Finding{wrong(check, what, "sudo systemd-sysusers", restart).coded(scan.ServiceReaderNotFound)}
	}

	info, err := fs.Stat(e.Root, rooted(e.port.path))
	if err != nil {
		return []Finding{skipped(check, e.port.path+" is not there")}
	}
	if e.user.may(info, read|write) {
		return []Finding{fine(check, fmt.Sprintf("%s may read and write %s", e.user.name, e.port.path))}
	}
	return []Finding{e.deviceDenied(check, info).coded(scan.ServiceReaderNotFound)}
}

// deviceDenied says how the daemon's user gets the reader's device.
func (e *examination) deviceDenied(check string, info fs.FileInfo) Finding {
	_, gid := owner(info)
	node, user, group := e.port.path, e.user.name, groupName(e.Root, gid)
	found := fmt.Sprintf("%s may not read and write %s (%s, group %s)", user, node, info.Mode().Perm(), group)
	trigger := "sudo udevadm trigger --action=add " + node

	switch {
	case group == "tty":
		// agetty gives the port to the group tty, and takes the others' rights.
		unit := "serial-getty@" + e.port.name() + ".service"
		return wrong(check, found+": a login has taken it", "sudo systemctl mask --now "+unit, trigger, restart)

	case groupMay(info, read|write):
		// As udev has made it: only the user is missing in the group.
		return wrong(check, found, fmt.Sprintf("sudo usermod -aG %s %s", group, user), restart)

	default:
		// No group has the device: a rule gives it one, now and at every boot.
		kernel, usual := strings.TrimPrefix(node, "/dev/"), e.usualGroup()
		rule := fmt.Sprintf(`echo 'KERNEL=="%s", GROUP="%s", MODE="0660"'`, kernel, usual)
		return wrong(check, found, rule+appendUdevRule,
			fmt.Sprintf("sudo groupadd -f -r %s && sudo usermod -aG %s %s", usual, usual, user),
			"sudo udevadm control --reload && "+trigger, restart)
	}
}

// usualGroup is the group of such devices on Raspberry Pi OS and Debian.
func (e *examination) usualGroup() string {
	switch e.port.bus {
	case busI2C:
		return "i2c"
	case busSPI:
		return "spi"
	default:
		return "dialout"
	}
}
