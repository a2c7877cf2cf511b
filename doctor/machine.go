// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"strings"
)

// A machine is what its files say of the board and its system.
type machine struct {
	model   string // /proc/device-tree/model
	board   boardKind
	release map[string]string // /etc/os-release
	kernel  string            // /proc/sys/kernel/osrelease
	bootDir string            // where the firmware reads config.txt; empty if there is none
	config  bootFile
}

func readMachine(root fs.FS) machine {
	m := machine{
		model:   strings.TrimRight(text(root, "/proc/device-tree/model"), "\x00\n"),
		kernel:  strings.TrimSpace(text(root, "/proc/sys/kernel/osrelease")),
		release: make(map[string]string),
	}
	m.board = boardOf(m.model)

	for _, line := range lines(root, "/etc/os-release") {
		if name, value, ok := strings.Cut(line, "="); ok {
			m.release[name] = strings.Trim(value, `"'`)
		}
	}

	// Bookworm mounts the boot partition at /boot/firmware, older systems at /boot.
	for _, dir := range []string{"/boot/firmware", "/boot"} {
		if exists(root, dir+"/config.txt") {
			m.bootDir = dir
			m.config = readBootFile(root, dir+"/config.txt", m.model)
			break
		}
	}
	return m
}
