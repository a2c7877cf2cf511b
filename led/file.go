// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// fileLine is the brightness file of a kernel LED, or any other file or FIFO that a
// program reads. It holds "1\n" or "0\n".
type fileLine struct {
	f       *os.File
	regular bool // false for a FIFO or a device, which has no offset
}

// pipeFull is how long a write waits for room in a FIFO whose reader does not read.
// It is well below patience, so that the error names the FIFO.
const pipeFull = 100 * time.Millisecond

func openFile(path string) (Line, error) {
	// Without O_NONBLOCK, opening a FIFO without a reader would block for ever.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, fileMend(path, err))
	}

	line, err := darken(f)
	if err != nil {
		_ = f.Close() // the caller gets the error of the write, which came first
		return nil, err
	}
	return line, nil
}

func darken(f *os.File) (*fileLine, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}

	l := &fileLine{f: f, regular: info.Mode().IsRegular()}
	if err := l.Set(false); err != nil {
		return nil, err
	}

	// Cut off an older, longer content after the write. O_TRUNC would do it before,
	// and a reader could find the file empty.
	if l.regular {
		return l, f.Truncate(int64(len("0\n")))
	}
	return l, nil
}

// Set writes both bytes in one call, so that a reader never sees half of them.
func (l *fileLine) Set(on bool) error {
	text := []byte("0\n")
	if on {
		text[0] = '1'
	}

	var err error
	if l.regular {
		_, err = l.f.WriteAt(text, 0)
	} else {
		// A device refuses the deadline if its writes cannot wait. Then it needs none.
		_ = l.f.SetWriteDeadline(time.Now().Add(pipeFull))
		_, err = l.f.Write(text)
	}

	if err != nil {
		return fmt.Errorf("%w%s", err, fileMend(l.f.Name(), err))
	}
	return nil
}

// Close closes the file and leaves its content as it is.
func (l *fileLine) Close() error { return l.f.Close() }

// fileMend returns what a technician can do about the error, or "".
func fileMend(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("; create the directory %s, or load the driver of that LED", filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return "; give the daemon's user permission to write there, for a kernel LED by a udev rule"
	case errors.Is(err, syscall.EROFS):
		return "; name it in ReadWritePaths= of the unit, or choose another place"
	case errors.Is(err, syscall.ENXIO):
		return "; it is a FIFO that nobody reads: start its reader first"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "; it is a FIFO whose reader has stopped reading"
	}
	return ""
}
