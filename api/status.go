// SPDX-License-Identifier: Apache-2.0

// Package api is where a station answers: on a Unix socket, and if that is wanted
// on the technician's page.
//
// It serves values that others give it and knows no other room. Nobody who asks can
// hold up a tap: what happens is handed over without waiting, and a client that is
// too slow for it is dropped. Nothing here changes the station but a test of the
// lamps, which the socket alone takes.
//
//	socket  GET /status /events /metrics /livez /readyz, POST /leds/test
//	page    GET / /status /events /metrics /livez /readyz
package api

import (
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A Status is how a station is. As JSON it is what `status --json` prints: durations
// in milliseconds, times ISO 8601 in UTC.
type Status struct {
	Station     string `json:"station"`
	Version     string `json:"version"`
	OK          bool   `json:"ok"`           // nothing is wrong
	ServiceCode int    `json:"service_code"` // 0: none
	Service     string `json:"service"`      // the code in words
	Mend        string `json:"mend"`         // what to do about it
	Words       string `json:"words"`        // all in one line
	Note        string `json:"note"`         // what a reload did not take, or which loop is stuck

	Reader   Reader        `json:"reader"`
	Lamps    Lamps         `json:"lamps"`
	Platform Platform      `json:"platform"`
	Key      Key           `json:"key"`
	Clock    Clock         `json:"clock"`
	Storage  Storage       `json:"storage"`
	Sessions Sessions      `json:"sessions"`
	Scans    []scan.Record `json:"scans"` // the last ones, oldest first

	Started  time.Time `json:"started"`
	UptimeMS int64     `json:"uptime_ms"`

	Figures Figures `json:"-"` // for metrics only
}

type Reader struct {
	Device  string `json:"device"`
	Up      bool   `json:"up"`
	Error   string `json:"error"`   // of the last fault, while it is not up
	Reopens uint64 `json:"reopens"` // how often it came back
}

type Lamps struct {
	Green Lamp `json:"green"`
	Red   Lamp `json:"red"`
	Amber Lamp `json:"amber"`
}

type Lamp struct {
	Wired bool   `json:"wired"`
	Lit   bool   `json:"lit"` // or would be, if it were wired and well
	Error string `json:"error"`
}

type Platform struct {
	URL       string `json:"url"`
	Up        bool   `json:"up"`      // it was in good order when last tried
	Met       bool   `json:"met"`     // it has been since the start
	Trouble   string `json:"trouble"` // a reason, such as dns
	ContactMS int64  `json:"contact_ms"`
	Breaker   bool   `json:"breaker"` // taps are turned away at once for now
}

type Key struct {
	ID      string `json:"id"` // with its secret redacted
	Refused bool   `json:"refused"`
}

type Clock struct {
	Time    time.Time `json:"time"`
	Synced  bool      `json:"synced"`   // by systemd-timesyncd
	AheadMS *int64    `json:"ahead_ms"` // of the platform's clock; null before it has answered
}

// Good tells that the clock is less than a minute off, as far as that is known.
func (c Clock) Good() bool {
	return c.AheadMS == nil || (time.Duration(*c.AheadMS)*time.Millisecond).Abs() < time.Minute
}

type Storage struct {
	Error   string `json:"error"`
	Held    int    `json:"held_lines"`    // in memory, not on the disk yet
	Lost    uint64 `json:"lost_lines"`    // since the start
	Skipped uint64 `json:"skipped_lines"` // that could not be read at the start
}

type Sessions struct {
	Active int `json:"active"`
}

// Figures are what only metrics tell. Counts are since the daemon's start or its
// last reload.
type Figures struct {
	Requests    map[string]uint64 // to the platform, by class of the answer's status
	Resends     uint64
	ReaderQuiet time.Duration // since the reader's supervision last came round
	JournalErrs map[string]uint64
	LampErrs    uint64
	Late        uint64 // times a loop was late
}

// A Lit is which lamps the station shows as lit.
type Lit struct {
	Green bool `json:"green"`
	Red   bool `json:"red"`
	Amber bool `json:"amber"`
}

// A Service is a service code, its words and its mend.
type Service struct {
	Code  int    `json:"service_code"`
	Words string `json:"service"`
	Mend  string `json:"mend"`
}
