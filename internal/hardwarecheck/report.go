// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tagbase/tagbase-edge/internal/terminal"
)

// ReportVersion is the version of the report's shape. It rises when a field changes its meaning or goes away.
const ReportVersion = 1

// A HardwareReport is what Run found, as docs/hardware-check.md describes it.
type HardwareReport struct {
	Version int       `json:"hardware_check"` // ReportVersion
	Time    time.Time `json:"time"`           // when the check began, to the second
	Program string    `json:"program"`        // the version of tagbase-edge
	Libnfc  string    `json:"libnfc"`
	Board   string    `json:"board,omitempty"` // as the board's firmware names it
	Device  string    `json:"device"`          // the connstring
	Checks  []Check   `json:"checks"`          // all of them, in order
}

// A Check is one check with one arrangement of tags.
type Check struct {
	Name         string        `json:"check"`
	Tags         Arrangement   `json:"tags"`
	Result       Agreement     `json:"result"` // the worst of its observations
	Observations []Observation `json:"observations"`
	Frames       []Frame       `json:"frames"` // in order; the evidence
}

// A Observation is one assumption, and what was seen of it.
type Observation struct {
	Assumption string    `json:"assumption"`
	Seen       string    `json:"seen"`
	Result     Agreement `json:"result"`
}

// A Frame is one request to the reader: a command to a tag with its answer, a selection, a switch of the field.
type Frame struct {
	At    float64 `json:"at_ms"`   // since the check began
	Took  float64 `json:"took_ms"` // libnfc's own time included
	Do    string  `json:"do"`      // select, transceive, present, deselect or cycle
	Sent  string  `json:"sent,omitempty"`
	Got   string  `json:"got,omitempty"`
	Error string  `json:"error,omitempty"`
}

// Agreement says how an assumption stands.
type Agreement string

const (
	Agrees     Agreement = "agrees"
	Differs    Agreement = "differs"
	NotChecked Agreement = "not checked"
)

// Arrangement says what lies on the reader during a check.
type Arrangement string

const (
	None Arrangement = "none"
	One  Arrangement = "one"
	Two  Arrangement = "two"
	Both Arrangement = "both"
)

// worst returns what a check's observations say together: one that differs outweighs one that could not be checked.
func worst(observations []Observation) Agreement {
	has := func(r Agreement) bool {
		return slices.ContainsFunc(observations, func(o Observation) bool { return o.Result == r })
	}
	switch {
	case has(Differs):
		return Differs
	case has(NotChecked):
		return NotChecked
	default:
		return Agrees
	}
}

// Agrees reports whether every assumption was checked and holds.
func (r HardwareReport) Agrees() bool {
	return !slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Result != Agrees })
}

// JSON returns the report as a file that a terminal can show.
func (r HardwareReport) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // marks are in angle brackets
	if err := e.Encode(r); err != nil {
		return nil, err
	}
	return terminal.EscapeJSON(b.Bytes()), nil
}

// marks are those of the doctor: ✓ in order, ✗ wrong, – not checked.
var marks = map[Agreement]string{Agrees: "✓", Differs: "✗", NotChecked: "–"}

// Print writes a check for a person: a line for every assumption and one for what was seen.
func (c Check) Print(w io.Writer) {
	fmt.Fprintf(w, "%s, %s\n", c.Name, c.Tags.lying())
	for _, o := range c.Observations {
		fmt.Fprintf(w, "%s %s\n    %s: %s\n", marks[o.Result],
			terminal.Printable(o.Assumption), o.Result, terminal.Printable(o.Seen))
	}
}
