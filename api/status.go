// SPDX-License-Identifier: Apache-2.0

package api

import (
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A Status is the state of a station at one moment. As JSON it is what `status --json`
// prints: durations in milliseconds, times ISO 8601 in UTC. docs/page.md describes it.
type Status struct {
	Station     string `json:"station"`
	Version     string `json:"version"`
	OK          bool   `json:"ok"`           // nothing is wrong
	ServiceCode int    `json:"service_code"` // 0: none
	Service     string `json:"service"`      // the code in words
	Mend        string `json:"mend"`         // what a technician does about it
	Words       string `json:"words"`        // the whole status in one line
	Note        string `json:"note"`         // which settings a reload did not take, or which loop is stuck

	Reader   ReaderStatus   `json:"reader"`
	Lamps    LampsStatus    `json:"lamps"`
	Platform PlatformStatus `json:"platform"`
	Key      KeyStatus      `json:"key"`
	Clock    ClockStatus    `json:"clock"`
	Storage  StorageStatus  `json:"storage"`
	Sessions SessionsStatus `json:"sessions"`
	Scans    []scan.Record  `json:"scans"` // the last ten, oldest first

	Started  time.Time `json:"started"`
	UptimeMS int64     `json:"uptime_ms"`

	Figures Figures `json:"-"` // for the metrics alone
}

// A ReaderStatus says whether the reader works.
type ReaderStatus struct {
	Device  string `json:"device"` // connstring
	Up      bool   `json:"up"`
	Error   string `json:"error"`   // the last fault, while the reader is not up
	Reopens uint64 `json:"reopens"` // how often the reader came back

	HaltFails bool  `json:"halt_fails"` // of two tags at once it may see only one
	RestingMS int64 `json:"resting_ms"` // for how long something has lain on it; 0: nothing does
}

// RestsTooLong is after how long a tag on the reader counts as forgotten there, or stuck below the cover.
const RestsTooLong = time.Minute

// Blocked returns whether a tag lies on the reader for so long that it is nobody's tap. Each tap behind
// it is refused as two tags.
func (r ReaderStatus) Blocked() bool { return r.RestingMS >= RestsTooLong.Milliseconds() }

// A LampsStatus holds the three lamps.
type LampsStatus struct {
	Green LampStatus `json:"green"`
	Red   LampStatus `json:"red"`
	Amber LampStatus `json:"amber"`
}

// A LampStatus is one lamp.
type LampStatus struct {
	Wired bool   `json:"wired"`
	Lit   bool   `json:"lit"` // what the station shows, even if the lamp is not wired or has failed
	Error string `json:"error"`
}

// A PlatformStatus says whether the platform can be reached.
type PlatformStatus struct {
	URL       string `json:"url"`
	Up        bool   `json:"up"`         // the last attempt to reach it was good
	Met       bool   `json:"met"`        // it has answered since the daemon's start
	Trouble   string `json:"trouble"`    // a reason in one word, such as dns
	ContactMS int64  `json:"contact_ms"` // time since the last good answer
	Breaker   bool   `json:"breaker"`    // for now, taps fail at once without a request
}

// A KeyStatus says whether the platform takes the key.
type KeyStatus struct {
	ID      string `json:"id"` // without the secret
	Refused bool   `json:"refused"`
}

// A ClockStatus is the board's wall clock.
type ClockStatus struct {
	Time    time.Time `json:"time"`
	Synced  bool      `json:"synced"`   // systemd-timesyncd has set it
	AheadMS *int64    `json:"ahead_ms"` // of the platform's clock; null until the platform has answered
}

// Good returns whether the clock is less than a minute off. Until the platform has
// answered, nobody knows, and it counts as good.
func (c ClockStatus) Good() bool {
	return c.AheadMS == nil || (time.Duration(*c.AheadMS)*time.Millisecond).Abs() < time.Minute
}

// A StorageStatus says whether the journal reaches the disk.
type StorageStatus struct {
	Error   string `json:"error"`
	Held    int    `json:"held_lines"`    // in memory, not on the disk yet
	Lost    uint64 `json:"lost_lines"`    // since the daemon's start
	Skipped uint64 `json:"skipped_lines"` // could not be read at the daemon's start
}

// A SessionsStatus counts sessions.
type SessionsStatus struct {
	Active int `json:"active"` // sessions that a scan would carry now
}

// Figures are what only the metrics show. Counts are since the daemon's start or its
// last reload.
type Figures struct {
	Requests    map[string]uint64 // to the platform, by class of the answer's status
	Resends     uint64
	ReaderQuiet time.Duration     // since the loop that watches the reader last came round
	JournalErrs map[string]uint64 // by operation: open, write, sync, other
	LampErrs    uint64
	Late        uint64 // how often a loop of the daemon was late
}

// LampsLit says which lamps the station shows as lit.
type LampsLit struct {
	Green bool `json:"green"`
	Red   bool `json:"red"`
	Amber bool `json:"amber"`
}

// A ServiceStatus is a service code, in words, and what to do about it.
type ServiceStatus struct {
	Code  int    `json:"service_code"`
	Words string `json:"service"`
	Mend  string `json:"mend"`
}
