// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	"golang.org/x/sys/unix"
)

// An EventKind is what happened at a reader.
type EventKind string

const (
	EventReady   EventKind = "ready"   // the reader answers
	EventBeat    EventKind = "beat"    // the reader is alive; Tap has UID and Entered of what rests on it, if anything
	EventEntered EventKind = "entered" // a new tap has begun: Tap has UID, Chip and Entered
	EventURL     EventKind = "url"     // its first URL is read, which Tap has too; it may still come to nothing
	EventTap     EventKind = "tap"     // the reader is done with the tap: Tap is whole, and final
	EventLeft    EventKind = "left"    // the tag of the last tap has gone
	EventResting EventKind = "resting" // the reader is back, and a tag that may have had its tap lies there
	EventFault   EventKind = "fault"   // the reader cannot be used: Err says why
)

// An Event is one thing that happened at a reader. Every entered is followed by the tap of the same tag, whatever
// fails in between. At most one url comes before that; only the tap decides whether its URL counts.
type Event struct {
	Kind    EventKind
	Tap     Tap
	Err     error
	Missing bool // of a fault: there is no such reader
	Silent  bool // of a fault: the reader is ours, and does not answer well

	HaltFails bool // of a beat: the reader's looks wake tags that were put to HALT
}

// MaxLine is the longest line, in bytes, that a child can have reason to write: two URLs of
// 1 KiB in base64 and the rest.
const MaxLine = 4096

const maxFaultText = 300 // bytes kept of a fault's error

// eventLine is an Event on the pipe between the child and the daemon: one JSON
// object a line. Moments are readings of CLOCK_MONOTONIC in nanoseconds, which
// both processes share and nobody can step.
type eventLine struct {
	Kind    EventKind   `json:"kind"`
	UID     string      `json:"uid,omitempty"`
	Chip    Chip        `json:"chip,omitempty"`
	URL     []byte      `json:"url,omitempty"` // base64: a tag may hold any bytes
	Second  []byte      `json:"second,omitempty"`
	Reason  scan.Reason `json:"reason,omitempty"`
	Entered int64       `json:"entered,omitempty"`
	Read    int64       `json:"read,omitempty"`
	Err     string      `json:"error,omitempty"`
	Missing bool        `json:"missing,omitempty"`
	Silent  bool        `json:"silent,omitempty"`

	HaltFails bool `json:"halt_fails,omitempty"`
}

// EncodeEvent returns an event as the line that a child writes, with its end.
func EncodeEvent(e Event) ([]byte, error) {
	l := eventLine{
		Kind: e.Kind, Missing: e.Missing, Silent: e.Silent, HaltFails: e.HaltFails,
		UID: e.Tap.UID, Chip: e.Tap.Chip, Reason: e.Tap.Reason,
		URL: []byte(e.Tap.URL), Second: []byte(e.Tap.Second),
		Entered: toMonotonic(e.Tap.Entered), Read: toMonotonic(e.Tap.Read),
	}

	// A long error must not make the line longer than the daemon takes.
	if e.Err != nil {
		text := e.Err.Error()
		l.Err = text[:min(len(text), maxFaultText)]
	}

	b, err := json.Marshal(l)
	return append(b, '\n'), err
}

// ErrBadLine means that a line is not one that EncodeEvent writes.
var ErrBadLine = errors.New("not a line of the reader's protocol")

// DecodeEvent reads a line, and takes nothing but what EncodeEvent writes: a child that writes anything else, such as
// libnfc's log, cannot be trusted with the next line either.
func DecodeEvent(line []byte) (Event, error) {
	var l eventLine
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return Event{}, fmt.Errorf("%w: %v", ErrBadLine, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Event{}, fmt.Errorf("%w: more than one object", ErrBadLine)
	}

	switch l.Kind {
	case EventReady, EventBeat, EventEntered, EventURL, EventTap, EventLeft, EventResting, EventFault:
	default:
		return Event{}, fmt.Errorf("%w: kind %q", ErrBadLine, l.Kind)
	}

	e := Event{Kind: l.Kind, Missing: l.Missing, Silent: l.Silent, HaltFails: l.HaltFails, Tap: Tap{
		UID: l.UID, Chip: l.Chip, Reason: l.Reason,
		URL: string(l.URL), Second: string(l.Second),
		Entered: fromMonotonic(l.Entered), Read: fromMonotonic(l.Read),
	}}
	if l.Kind == EventFault {
		e.Err = errors.New(l.Err)
	}
	return e, nil
}

func toMonotonic(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return monotonic() - int64(time.Since(t))
}

func fromMonotonic(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Now().Add(time.Duration(ns - monotonic()))
}

// monotonic reads CLOCK_MONOTONIC (clock_gettime(2)): Go's own readings start again in every process.
func monotonic() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}
