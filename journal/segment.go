// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// farAbove: numbers follow each other, and one so far above the others was put
// there by hand. After the last that there is comes 0.
const farAbove = 1e6

const segmentEnd = ".jsonl"

func fileName(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%06d%s", number, segmentEnd))
}

// numbers are those of all segments among the names, ascending, whatever it is that
// they name.
func numbers(names []string) []uint64 {
	var found []uint64
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, segmentEnd)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if err == nil && digits == fmt.Sprintf("%06d", n) {
			found = append(found, n)
		}
	}
	slices.Sort(found)
	for i := 1; i < len(found); i++ {
		if found[i]-found[i-1] > farAbove {
			return found[:i]
		}
	}
	return found
}

// maxRead bounds what is read of one segment, in bytes. Ours are smaller; of a
// larger file the end is read.
const maxRead = 8 << 20

// usualLine is a line's length, more or less, in bytes.
const usualLine = 300

// A reading is what one segment held.
type reading struct {
	number  uint64
	whole   []piece // intents and scans
	skipped uint64
	end     int64 // of its last whole line
	size    int64
}

func read(fsys FS, dir string, number uint64) (reading, error) {
	r := reading{number: number}
	f, err := fsys.Open(fileName(dir, number), os.O_RDONLY)
	if err != nil {
		return r, err
	}
	defer f.Close()
	if r.size, err = f.Size(); err != nil {
		return r, err
	}
	from := max(0, r.size-maxRead)
	b := make([]byte, r.size-from)
	n, err := f.ReadAt(b, from)
	if err != nil && err != io.EOF {
		return r, err
	}
	r.end = from
	r.whole = make([]piece, 0, n/usualLine)
	for p := range pieces(b[:n]) {
		switch p.kind {
		case damaged, torn:
			r.skipped++
			continue
		case other:
			r.skipped++
		default:
			r.whole = append(r.whole, p)
		}
		r.end = from + int64(p.end)
	}
	return r, nil
}
