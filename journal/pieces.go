// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/hex"
	"hash/crc32"
	"iter"

	"github.com/tagbase/tagbase-edge/scan"
)

type kind int

const (
	damaged     kind = iota // the checksum is wrong
	torn                    // the line has no end
	unknownKind             // a whole line of another version
	intent                  // a whole line: its record is what it stands for if no result follows
	finished                // a whole line: a finished scan
)

// A piece is what lies between two offsets of a segment.
type piece struct {
	kind    kind
	at, end int
	record  scan.Record // of an intent or a finished scan
}

// pieces divides the bytes of a segment into lines and damage between them. If a line has
// lost its end, the next one runs on in the same text line; its checksum still finds it.
func pieces(b []byte) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for at := 0; at < len(b); {
			n := bytes.IndexByte(b[at:], '\n')
			if n < 0 {
				yield(piece{kind: torn, at: at, end: len(b)})
				return
			}

			end := at + n + 1
			text, ok := checked(b[at : end-1])
			if !ok {
				start := end
				if text, ok = lastWhole(b[at : end-1]); ok {
					start = end - 1 - len(text) - crcLen
				}
				if !yield(piece{kind: damaged, at: at, end: start}) {
					return
				}
				at = start
			}

			if ok {
				kind, record := decode(text)
				if !yield(piece{kind, at, end, record}) {
					return
				}
			}
			at = end
		}
	}
}

// checked returns the JSON of a line without its newline, and whether its checksum is right.
func checked(b []byte) ([]byte, bool) {
	if len(b) < crcLen || len(b) >= MaxLine || b[crcLen-1] != ' ' {
		return nil, false
	}

	var sum [4]byte
	if _, err := hex.Decode(sum[:], b[:crcLen-1]); err != nil {
		return nil, false
	}
	want := uint32(sum[0])<<24 | uint32(sum[1])<<16 | uint32(sum[2])<<8 | uint32(sum[3])
	text := b[crcLen:]
	return text, crc32.Checksum(text, castagnoli) == want
}

// lastWhole finds the whole line at the end of a damaged one. Nearly always two lines have
// run together, so it looks at the last eight places where a line could begin: a hostile
// file full of beginnings must not take long to read.
func lastWhole(b []byte) ([]byte, bool) {
	b = b[max(0, len(b)-MaxLine):]
	for end, tries := len(b), 0; tries < 8; tries++ {
		brace := bytes.LastIndex(b[:end], []byte(" {"))
		if brace < crcLen-1 {
			break
		}
		if text, ok := checked(b[brace-(crcLen-1):]); ok {
			return text, true
		}
		end = brace
	}
	return nil, false
}
