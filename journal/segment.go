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

// Numbers follow each other, so that one far above the others, or out of reach,
// was put there by hand; to go on after it might leave none to go on to.
const (
	endOfNumbers = 1e9
	farAbove     = 1e6
)

const (
	segmentEnd = ".jsonl"
	badEnd     = ".bad"
)

func fileName(dir string, number uint64, end string) string {
	return filepath.Join(dir, fmt.Sprintf("%06d%s", number, end))
}

// numbers are those of all names with the end, ascending, whatever it is that
// they name.
func numbers(names []string, end string) []uint64 {
	var found []uint64
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, end)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if err == nil && n < endOfNumbers && digits == fmt.Sprintf("%06d", n) {
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

// A reading is what one segment held.
type reading struct {
	number  uint64
	whole   []piece // intents and scans
	skipped uint64
	bad     bool  // a line of it is damaged, beside one that is torn off
	end     int64 // of its last whole line
	size    int64
}

func read(fsys FS, dir string, number uint64) (reading, error) {
	r := reading{number: number}
	f, err := fsys.Open(fileName(dir, number, segmentEnd), os.O_RDONLY)
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
	for p := range pieces(b[:n]) {
		switch p.kind {
		case damaged:
			r.bad = true
			r.skipped++
			continue
		case torn:
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
