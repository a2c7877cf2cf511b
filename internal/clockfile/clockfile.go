// SPDX-License-Identifier: Apache-2.0

// Package clockfile keeps a time in a station's state directory: the latest that is known to
// have passed. A board without a battery starts in the past, where no certificate is valid yet.
//
// The file "clock" holds one line, a CRC-32C and the time in UTC:
//
//	cbf25983 2026-09-21T14:13:20Z
//
// Without the checksum one flipped bit in the year would make every certificate look expired.
// After a power cut the file holds the old time or the new one.
package clockfile

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/internal/atomicfile"
)

var errDamaged = errors.New("it is damaged")

// maxSize is more than the line takes, in bytes.
const maxSize = 256

// Path returns the file's path in a state directory.
func Path(dir string) string { return filepath.Join(dir, "clock") }

// Read returns the time that was kept, or the zero time and an error. The error wraps
// fs.ErrNotExist if none ever was. It does not wait for the other end of a named pipe.
func Read(dir string) (time.Time, error) {
	info, err := os.Stat(Path(dir))
	if err != nil {
		return time.Time{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSize {
		return time.Time{}, errDamaged
	}

	b, err := os.ReadFile(Path(dir))
	if err != nil {
		return time.Time{}, err
	}
	return parse(string(b))
}

// Write keeps a time, to the second. It makes the directory if it does not exist.
func Write(dir string, t time.Time) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return atomicfile.Write(Path(dir), format(t), 0o640)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func format(t time.Time) []byte {
	text := t.UTC().Format(time.RFC3339)
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum([]byte(text), castagnoli), text)
}

func parse(line string) (time.Time, error) {
	_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	t, err := time.Parse(time.RFC3339, text)

	// Only the very line that format writes for this time is whole.
	if err != nil || string(format(t)) != line {
		return time.Time{}, errDamaged
	}
	return t, nil
}
