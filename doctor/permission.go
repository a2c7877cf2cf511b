// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// A user is whom the daemon runs as, with all groups.
type user struct {
	name   string
	uid    int
	groups map[int]string // by number; empty names for unknown ones
	known  bool           // in /etc/passwd
}

const unitName = "tagbase-edge.service"

var unitDirs = []string{"/etc/systemd/system/", "/usr/local/lib/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/"}

// unitFile is where the unit is installed, or "".
func unitFile(root fs.FS) string {
	for _, dir := range unitDirs {
		if exists(root, dir+unitName) {
			return dir + unitName
		}
	}
	return ""
}

// daemonUser is the unit's user; without a unit, whoever examines.
func (e *exam) daemonUser() user {
	name := e.Probes.User
	for _, line := range lines(e.Root, unitFile(e.Root)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "User="); ok {
			name = v
		}
	}
	return readUser(e.Root, name)
}

// readUser looks into passwd(5) and group(5).
func readUser(root fs.FS, name string) user {
	u := user{name: name, uid: -1, groups: make(map[int]string)}
	for _, line := range lines(root, "/etc/passwd") {
		if f := strings.Split(line, ":"); len(f) == 7 && f[0] == name {
			u.uid, _ = strconv.Atoi(f[2])
			gid, _ := strconv.Atoi(f[3])
			u.groups[gid], u.known = "", true
		}
	}
	for _, line := range lines(root, "/etc/group") {
		f := strings.Split(line, ":")
		if len(f) != 4 {
			continue
		}
		gid, _ := strconv.Atoi(f[2])
		if _, primary := u.groups[gid]; primary || slices.Contains(strings.Split(f[3], ","), name) {
			u.groups[gid] = f[0]
		}
	}
	return u
}

func groupName(root fs.FS, gid int) string {
	for _, line := range lines(root, "/etc/group") {
		if f := strings.Split(line, ":"); len(f) == 4 && f[2] == strconv.Itoa(gid) {
			return f[0]
		}
	}
	return strconv.Itoa(gid)
}

const (
	read  fs.FileMode = 0o4
	write fs.FileMode = 0o2
)

// may tells whether the user has all of want, read and write.
func (u user) may(info fs.FileInfo, want fs.FileMode) bool {
	uid, gid := owner(info)
	mode := info.Mode().Perm()
	_, inGroup := u.groups[gid]
	switch {
	case u.uid == 0:
		return true
	case u.uid == uid:
		return mode>>6&want == want
	case inGroup:
		return mode>>3&want == want
	default:
		return mode&want == want
	}
}

// permission checks that the daemon's user may open the reader's device.
func permission(e *exam) []Finding {
	const check = "permission"
	if !e.port.hasNode() {
		return []Finding{skipped(check, "the reader is no file in /dev")}
	}
	if !e.user.known {
		return []Finding{wrong(check, fmt.Sprintf("there is no user %q, whom the unit names", e.user.name),
			"sudo systemd-sysusers", restart).coded(codeReaderMissing)}
	}
	info, err := fs.Stat(e.Root, rooted(e.port.path))
	if err != nil {
		return []Finding{skipped(check, e.port.path+" is not there")}
	}
	if e.user.may(info, read|write) {
		return []Finding{fine(check, fmt.Sprintf("%s may read and write %s", e.user.name, e.port.path))}
	}
	return []Finding{e.denied(check, e.port.path, info, "dialout").coded(codeReaderMissing)}
}

const restart = "sudo systemctl restart tagbase-edge"

// denied says how the daemon's user comes to have a device. usual is the group
// that such devices belong to on a system that is as it should be.
func (e *exam) denied(check, node string, info fs.FileInfo, usual string) Finding {
	switch e.port.bus {
	case busI2C:
		usual = "i2c"
	case busSPI:
		usual = "spi"
	}
	_, gid := owner(info)
	group := groupName(e.Root, gid)
	found := fmt.Sprintf("%s may not read and write %s (%s, group %s)", e.user.name, node, info.Mode().Perm(), group)
	switch {
	case group == "tty":
		unit := "serial-getty@" + e.port.name() + ".service"
		return wrong(check, found+": a login has taken it", "sudo systemctl mask --now "+unit,
			"sudo udevadm trigger --action=add "+node, restart)
	case gid != 0 && info.Mode()>>3&(read|write) == read|write:
		return wrong(check, found, fmt.Sprintf("sudo usermod -aG %s %s", group, e.user.name), restart)
	default:
		kernel := strings.TrimPrefix(node, "/dev/")
		return wrong(check, found,
			fmt.Sprintf(`echo 'KERNEL=="%s", GROUP="%s", MODE="0660"' | sudo tee -a /etc/udev/rules.d/99-tagbase-edge.rules`, kernel, usual),
			fmt.Sprintf("sudo groupadd -f -r %s && sudo usermod -aG %s %s", usual, usual, e.user.name),
			"sudo udevadm control --reload && sudo udevadm trigger --action=add "+node, restart)
	}
}
