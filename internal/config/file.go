// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

// maxFile limits a configuration, a key, a token and a CA file, in bytes. The reference
// configuration has less than 3 KiB, and a certificate about 2. A list of all public roots is larger,
// but for those platform.ca_file stays empty.
const maxFile = 64 << 10

var (
	errNotAFile = errors.New("not a regular file")
	errTooLarge = errors.New("larger than 64 KiB")
)

// A FileError says why a file cannot be read and how to mend it. It wraps the system's error.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	mend := "look at the path and the disk"
	switch {
	case errors.Is(e.Err, fs.ErrNotExist):
		mend = "create it, or correct the path"
	case errors.Is(e.Err, fs.ErrPermission):
		mend = "let the user that runs tagbase-edge read it"
	case errors.Is(e.Err, errNotAFile), errors.Is(e.Err, errTooLarge):
		mend = "name the file that is meant"
	}
	return fmt.Sprintf("%s cannot be read: %v; %s", shownPath(e.Path), e.Err, mend)
}

func (e *FileError) Unwrap() error { return e.Err }

// ReadFile reads a file that a person wrote or named. The error is a *FileError. It does not
// wait for the other end of a named pipe, and does not read a device for ever.
func ReadFile(file string) ([]byte, error) {
	// Looked at before it is opened: opening a named pipe waits for its other end.
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, explain(err)
	case !info.Mode().IsRegular():
		return nil, &FileError{file, errNotAFile}
	case info.Size() > maxFile:
		return nil, &FileError{file, errTooLarge}
	}

	b, err := os.ReadFile(file)
	if err != nil {
		return nil, explain(err)
	}
	return b, nil
}

// explain makes a *FileError of the system's error about a file.
func explain(err error) error {
	var pe *fs.PathError
	if !errors.As(err, &pe) {
		return err
	}
	return &FileError{pe.Path, pe.Err}
}

var plainPath = lazyregexp.New(`^[A-Za-z0-9_./:@+-]+$`)

// shownPath quotes a path that is long or not plain.
func shownPath(path string) string {
	if len(path) <= 200 && plainPath().MatchString(path) {
		return path
	}
	return fmt.Sprintf("%.200q", path)
}
