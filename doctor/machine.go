// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"path"
	"strings"
	"syscall"
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
	for _, dir := range []string{"/boot/firmware", "/boot"} {
		if exists(root, dir+"/config.txt") {
			m.bootDir = dir
			m.config = readBootFile(root, dir+"/config.txt", m.model)
			break
		}
	}
	return m
}

// rooted is a path as fs.FS has it.
func rooted(file string) string {
	if file = strings.TrimPrefix(path.Clean("/"+file), "/"); file == "" {
		return "."
	}
	return file
}

// text is a file's content, or nothing if it cannot be read.
func text(root fs.FS, file string) string {
	b, err := fs.ReadFile(root, rooted(file))
	if err != nil {
		return ""
	}
	return string(b)
}

func lines(root fs.FS, file string) []string {
	return strings.Split(strings.ReplaceAll(text(root, file), "\r\n", "\n"), "\n")
}

func exists(root fs.FS, file string) bool {
	_, err := fs.Lstat(root, rooted(file))
	return err == nil
}

// names are the entries of a directory, or none.
func names(root fs.FS, dir string) (found []string) {
	entries, err := fs.ReadDir(root, rooted(dir))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

// follow is where a chain of links ends, whether or not something is there.
func follow(root fs.FS, file string) string {
	for range 16 {
		target, err := fs.ReadLink(root, rooted(file))
		if err != nil {
			return file
		}
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(file), target)
		}
		if target == file {
			return file
		}
		file = target
	}
	return file
}

// owner is who owns what info is of; files of made-up roots may have none, and are root's.
func owner(info fs.FileInfo) (uid, gid int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return 0, 0
}
