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

// fileLine is a kernel LED's brightness, or any file that somebody watches.
type fileLine struct {
	f       *os.File
	regular bool // else a FIFO or a device, which has no offset
}

// pipeFull bounds a write to a FIFO whose reader sleeps.
const pipeFull = 100 * time.Millisecond

func openFile(path string) (Line, error) {
	// Without O_NONBLOCK a FIFO that nobody reads would hold us here for ever.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, fileMend(path, err))
	}
	line, err := darken(f)
	if err != nil {
		_ = f.Close() // the failed write is what the caller hears of
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
	if l.regular {
		// After the write, not by O_TRUNC before it: whoever reads never finds the file empty.
		return l, f.Truncate(int64(len("0\n")))
	}
	return l, nil
}

func (l *fileLine) Set(on bool) error {
	text := []byte("0\n")
	if on {
		text[0] = '1'
	}
	var err error
	if l.regular {
		_, err = l.f.WriteAt(text, 0)
	} else {
		// Devices that cannot wait refuse the deadline, and do not need it.
		_ = l.f.SetWriteDeadline(time.Now().Add(pipeFull))
		_, err = l.f.Write(text)
	}
	if err != nil {
		return fmt.Errorf("%w%s", err, fileMend(l.f.Name(), err))
	}
	return nil
}

func (l *fileLine) Close() error { return l.f.Close() }

func fileMend(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("; create the directory %s, or load the driver of that LED", filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return "; give the daemon's user leave to write there, for a kernel LED by a udev rule"
	case errors.Is(err, syscall.EROFS):
		return "; name it in ReadWritePaths= of the unit, or choose another place"
	case errors.Is(err, syscall.ENXIO):
		return "; it is a FIFO that nobody reads: start its reader first"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "; it is a FIFO whose reader has stopped reading"
	}
	return ""
}
