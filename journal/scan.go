// SPDX-License-Identifier: Apache-2.0

package journal

import "time"

// A Scan is one finished scan. As JSON it is a line of `scans --json`; the
// fields without a name there are in the journal's lines only.
type Scan struct {
	Seq            uint64    `json:"seq"`
	Time           time.Time `json:"time"` // the board's wall clock, UTC, to the millisecond
	Station        string    `json:"station"`
	Outcome        string    `json:"outcome"`
	Reason         string    `json:"reason"`
	Tag            string    `json:"tag"`
	UID            string    `json:"uid"`
	Chip           string    `json:"chip"`
	CarriedSession string    `json:"carried_session"`
	Session        string    `json:"session"`
	Verification   string    `json:"verification"`
	HTTPStatus     int       `json:"http_status"`
	ReadMS         float64   `json:"read_ms"`
	ConnectMS      float64   `json:"connect_ms"`
	AnswerMS       float64   `json:"answer_ms"`
	TotalMS        float64   `json:"total_ms"`

	Boot       string `json:"-"` // id of the boot, "" if not known
	BoottimeMS int64  `json:"-"` // since that boot, CLOCK_BOOTTIME
	Synced     bool   `json:"-"` // whether the wall clock was synchronised
	AgeMS      int64  `json:"-"` // of the verification when it was answered, by the platform's clock

	Inserted time.Time `json:"-"` // when the platform created the verification, by its own clock; zero if there is none
}

// An Intent is a scan that may be about to be posted.
type Intent struct {
	Seq        uint64    `json:"seq"`
	Boot       string    `json:"boot"`     // id of the boot, "" if not known
	BoottimeMS int64     `json:"boottime"` // since that boot, CLOCK_BOOTTIME
	Time       time.Time `json:"time"`     // the board's wall clock, UTC, to the millisecond
	Synced     bool      `json:"synced"`   // whether the wall clock was synchronised
	Station    string    `json:"station"`
	Tag        string    `json:"tag"`
	UID        string    `json:"uid"`
	Chip       string    `json:"chip"`
	Session    string    `json:"session"` // carried
	Params     string    `json:"params"`  // SHA-256 of the parameters in hex, never the parameters
}

// restart is the reason of an intent whose daemon died before its scan was finished.
const restart = "restart"
