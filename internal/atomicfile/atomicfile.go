// SPDX-License-Identifier: Apache-2.0

// Package atomicfile replaces files so that a power cut leaves the old one or the new one, whole.
//
// The content goes to a new file in the same directory and is synced (fsync(2)) before that takes
// the name, so the name never stands for half a file; then the directory is synced, so the name
// holds before the caller goes on. A cut on the way can leave a file .new-* behind, which nothing reads.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Write replaces file, or makes it, with the permission bits of mode, regardless of the umask. The new
// file belongs to the caller. The directory must be there. On an error the old file is untouched,
// unless only the last sync failed.
func Write(file string, content []byte, mode fs.FileMode) error {
	return replace(file, content, mode, func(*os.File) error { return nil })
}

// Rewrite is Write for a file that may be somebody else's: it keeps the owner and the group that
// the file has, or fails, and where file is a link it replaces what the link leads to.
func Rewrite(file string, content []byte, mode fs.FileMode) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	return replace(file, content, mode, func(f *os.File) error { return chownLike(f, file) })
}

func replace(file string, content []byte, mode fs.FileMode, own func(*os.File) error) error {
	dir := filepath.Dir(file)

	// CreateTemp makes it 0600: nobody reads a secret before the mode is set.
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}

	// The owner before the mode: chown(2) takes set-user-ID bits away.
	_, err = f.Write(content)
	err = errors.Join(err, own(f), f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}

	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// chownLike gives f the owner and group of file, if there is one.
func chownLike(f *os.File, file string) error {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}

	owner := info.Sys().(*syscall.Stat_t)
	if int(owner.Uid) == os.Geteuid() && int(owner.Gid) == os.Getegid() {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}
