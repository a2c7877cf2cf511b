// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// An account is a user of the machine, with all groups.
type account struct {
	name   string
	uid    int
	groups map[int]string // by number; the name is empty if /etc/group does not have it
	known  bool           // in /etc/passwd
}

// daemonUser is whom the unit runs as. Without a unit it is the user who runs the doctor.
func (e *examination) daemonUser() account {
	// The last User= of a unit decides.
	name := e.Probes.User
	for _, line := range lines(e.Root, unitFile(e.Root)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "User="); ok {
			name = v
		}
	}
	return readAccount(e.Root, name)
}

// readAccount looks into passwd(5) and group(5).
func readAccount(root fs.FS, name string) account {
	a := account{name: name, uid: -1, groups: make(map[int]string)}
	for _, line := range lines(root, "/etc/passwd") {
		if f := strings.Split(line, ":"); len(f) == 7 && f[0] == name {
			a.uid, _ = strconv.Atoi(f[2])
			gid, _ := strconv.Atoi(f[3])
			a.groups[gid], a.known = "", true
		}
	}

	for _, line := range lines(root, "/etc/group") {
		f := strings.Split(line, ":")
		if len(f) != 4 {
			continue
		}
		gid, _ := strconv.Atoi(f[2])
		if _, primary := a.groups[gid]; primary || slices.Contains(strings.Split(f[3], ","), name) {
			a.groups[gid] = f[0]
		}
	}
	return a
}

// groupName returns a group's name, or its number if it has none.
func groupName(root fs.FS, gid int) string {
	for _, line := range lines(root, "/etc/group") {
		if f := strings.Split(line, ":"); len(f) == 4 && f[2] == strconv.Itoa(gid) {
			return f[0]
		}
	}
	return strconv.Itoa(gid)
}

// What a user may want of a file: the bits as the last octal digit of a mode has them.
const (
	read  fs.FileMode = 0o4
	write fs.FileMode = 0o2
)

// may tells whether the user has all of want, by the mode bits alone. As the kernel does, it takes the first class
// that fits: an owner without a right does not get it from the group.
func (a account) may(info fs.FileInfo, want fs.FileMode) bool {
	uid, gid := owner(info)
	mode := info.Mode().Perm()
	_, inGroup := a.groups[gid]
	switch {
	case a.uid == 0:
		return true
	case a.uid == uid:
		return mode>>6&want == want
	case inGroup:
		return mode>>3&want == want
	default:
		return mode&want == want
	}
}

// groupMay tells whether the members of a file's group have all of want, and the group is not root's.
func groupMay(info fs.FileInfo, want fs.FileMode) bool {
	_, gid := owner(info)
	return gid != 0 && info.Mode().Perm()>>3&want == want
}
