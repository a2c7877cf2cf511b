// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// rooted is an absolute path as fs.FS takes it.
func rooted(file string) string {
	if file = strings.TrimPrefix(path.Clean("/"+file), "/"); file == "" {
		return "."
	}
	return file
}

// text returns a file's content, or nothing if it cannot be read.
func text(root fs.FS, file string) string {
	b, err := fs.ReadFile(root, rooted(file))
	if err != nil {
		return ""
	}
	return string(b)
}

// lines returns a file's lines without their ends, which people who edit the card on Windows write as CR LF. There is
// at least one.
func lines(root fs.FS, file string) []string {
	return strings.Split(strings.ReplaceAll(text(root, file), "\r\n", "\n"), "\n")
}

// exists tells whether there is something at a path, if only a link that leads nowhere.
func exists(root fs.FS, file string) bool {
	_, err := fs.Lstat(root, rooted(file))
	return err == nil
}

// names returns the entries of a directory, or none if it cannot be read.
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

// follow returns where a chain of links ends, whether or not something is there.
func follow(root fs.FS, file string) string {
	for range 16 { // links that lead in a circle end here; the kernel gives up after 40 (path_resolution(7))
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

// owner returns who owns a file. A file of a made-up root without an owner is root's.
func owner(info fs.FileInfo) (uid, gid int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return 0, 0
}
