// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// crcLen is the checksum's 8 hex digits and a space.
const crcLen = 9

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A line is the JSON of either kind. Members that it lacks or that we do not
// know are of another version, and no fault.
type line struct {
	Kind string `json:"k"`
	scan.Record
	Boot       string `json:"boot"`
	BoottimeMS int64  `json:"boottime"`
	Synced     bool   `json:"synced"`
	AgeMS      int64  `json:"age_ms"`

	Inserted time.Time `json:"inserted_at,omitzero"`
}

type intentLine struct {
	Kind string `json:"k"`
	Intent
}

func (i Intent) line() []byte {
	i.Time = wall(i.Time)
	return encode(func() any { return intentLine{"intent", i} },
		&i.Boot, &i.Station, &i.Tag, &i.UID, &i.Chip, &i.Session, &i.Params)
}

func recordLine(s scan.Record) []byte {
	s.Time = wall(s.Time)
	for _, f := range []*float64{&s.ReadMS, &s.ConnectMS, &s.AnswerMS, &s.TotalMS} {
		if math.IsNaN(*f) || math.IsInf(*f, 0) {
			*f = 0
		}
	}
	return encode(func() any { return line{"scan", s, s.Boot, s.BoottimeMS, s.Synced, s.AgeMS, s.Inserted} },
		&s.Boot, &s.Station, (*string)(&s.Outcome), (*string)(&s.Reason), &s.Tag, &s.UID, &s.Chip,
		&s.CarriedSession, &s.Session, &s.Verification)
}

// wall is a time as JSON can tell it: a board's clock may stand in any year.
func wall(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// encode returns the line of v. If it would be too long the longest of its texts
// is left out, for half an id is worse than none.
func encode(v func() any, texts ...*string) []byte {
	for {
		p, err := json.Marshal(v())
		if err != nil {
			panic(err) // no value of ours is one that JSON cannot tell
		}
		if crcLen+len(p)+1 <= MaxLine {
			b := fmt.Appendf(make([]byte, 0, crcLen+len(p)+1), "%08x ", crc32.Checksum(p, castagnoli))
			return append(append(b, p...), '\n')
		}
		longest := texts[0]
		for _, t := range texts {
			if len(*t) > len(*longest) {
				longest = t
			}
		}
		*longest = ""
	}
}

type kind int

const (
	damaged  kind = iota // by its checksum
	torn                 // without an end
	other                // whole, but of a kind that we do not know
	intent               // its scan is what it comes to if nothing follows
	finished             // a scan
)

// A piece is what lies between two offsets of a segment.
type piece struct {
	kind    kind
	at, end int
	record  scan.Record
}

// pieces takes a segment's bytes apart. A line whose neighbour lost its end is
// found by its checksum.
func pieces(b []byte) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for at := 0; at < len(b); {
			n := bytes.IndexByte(b[at:], '\n')
			if n < 0 {
				yield(piece{kind: torn, at: at, end: len(b)})
				return
			}
			end := at + n + 1
			text, ok := check(b[at : end-1])
			if !ok {
				start := end
				if text, ok = rest(b[at : end-1]); ok {
					start = end - 1 - len(text) - crcLen
				}
				if !yield(piece{kind: damaged, at: at, end: start}) {
					return
				}
				at = start
			}
			if ok {
				kind, scan := decode(text)
				if !yield(piece{kind, at, end, scan}) {
					return
				}
			}
			at = end
		}
	}
}

// check returns the JSON of a line, without its end, if its checksum is right.
func check(b []byte) ([]byte, bool) {
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

// rest finds the whole line that a damaged one ends with: nearly always one of
// two that were run together, so few places are tried.
func rest(b []byte) ([]byte, bool) {
	b = b[max(0, len(b)-MaxLine):]
	for end, tries := len(b), 0; tries < 8; tries++ {
		brace := bytes.LastIndex(b[:end], []byte(" {"))
		if brace < crcLen-1 {
			break
		}
		if text, ok := check(b[brace-(crcLen-1):]); ok {
			return text, true
		}
		end = brace
	}
	return nil, false
}

func decode(text []byte) (kind, scan.Record) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return other, scan.Record{}
	}
	s := l.Record
	s.Boot, s.BoottimeMS, s.Synced, s.AgeMS = l.Boot, l.BoottimeMS, l.Synced, l.AgeMS
	s.Inserted = l.Inserted
	switch l.Kind {
	case "intent":
		s.Outcome, s.Reason = scan.Unknown, scan.ReasonRestart
		s.CarriedSession, s.Session = s.Session, ""
		return intent, s
	case "scan":
		return finished, s
	}
	return other, scan.Record{}
}
