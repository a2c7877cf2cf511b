// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// crcLen is the length of the checksum, 8 hex digits, and of the space after it.
const crcLen = 9

// castagnoli is the polynomial of CRC-32C, for which processors have an instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A storedLine is the JSON of either kind of line. One of another version may have fewer
// members, or others; that is no error.
type storedLine struct {
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
	i.Time = encodableTime(i.Time)
	return encode(func() any { return intentLine{"intent", i} },
		&i.Boot, &i.Station, &i.Tag, &i.UID, &i.Chip, &i.Session, &i.Params)
}

func recordLine(s scan.Record) []byte {
	s.Time = encodableTime(s.Time)

	// JSON has no NaN and no infinity.
	for _, f := range []*float64{&s.ReadMS, &s.ConnectMS, &s.AnswerMS, &s.TotalMS} {
		if math.IsNaN(*f) || math.IsInf(*f, 0) {
			*f = 0
		}
	}

	return encode(func() any { return storedLine{"scan", s, s.Boot, s.BoottimeMS, s.Synced, s.AgeMS, s.Inserted} },
		&s.Boot, &s.Station, (*string)(&s.Outcome), (*string)(&s.Reason), &s.Tag, &s.UID, &s.Chip,
		&s.CarriedSession, &s.Session, &s.Verification)
}

// encodableTime returns the time in UTC, to the millisecond. A board's clock may show
// any year, but RFC 3339 ends at 9999: such a time becomes the zero time.
func encodableTime(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// encode returns the line of v. texts are the texts in v. While the line is too long, the
// longest text is left out completely: half an id is worse than none.
func encode(v func() any, texts ...*string) []byte {
	for {
		p, err := json.Marshal(v())
		if err != nil {
			panic(err) // our own types: JSON can encode each of their values
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

// decode reads the JSON of a line. An intent becomes the record that it stands for if no
// result follows.
func decode(text []byte) (kind, scan.Record) {
	var l storedLine
	if err := json.Unmarshal(text, &l); err != nil {
		return unknownKind, scan.Record{}
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
	return unknownKind, scan.Record{}
}
