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

const segmentEnd = ".jsonl"

func fileName(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%06d%s", number, segmentEnd))
}

// farAbove is a gap that the journal never makes, since its numbers follow each other: a
// segment so far above the others was put there by hand, and must not use up the numbers.
const farAbove = 1e6

// numbers returns the numbers of all segments among the names, ascending. It does not
// look at what is behind a name.
func numbers(names []string) []uint64 {
	var found []uint64
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, segmentEnd)
		if !ok {
			continue
		}

		// Only the spelling that we write: 7.jsonl is not 000007.jsonl.
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

// maxRead is how many bytes of one segment are read. Our segments are smaller; of a
// larger file only the end is read.
const maxRead = 8 << 20

// usualLine is the usual length of a line in bytes. It only sizes a slice.
const usualLine = 300

// A reading is what one segment held.
type reading struct {
	number  uint64
	whole   []piece // intents and scans
	skipped uint64  // lines that could not be read
	end     int64   // of the last whole line, in bytes from the start
	size    int64   // of the segment in bytes
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
			// Damage at the very end is not part of what the journal continues after.
			r.skipped++
			continue
		case unknownKind:
			r.skipped++
		default:
			r.whole = append(r.whole, p)
		}
		r.end = from + int64(p.end)
	}
	return r, nil
}
