// SPDX-License-Identifier: Apache-2.0

package scan

import "time"

// A Record is one finished scan. Encoded as JSON it is a line of `scans --json`, where
// durations are in milliseconds with microseconds behind the point. The fields without
// a JSON name are stored by the journal alone.
type Record struct {
	Seq            uint64    `json:"seq"`  // the station's count of scans, from 1
	Time           time.Time `json:"time"` // when it finished, by the board's wall clock, UTC
	Station        string    `json:"station"`
	Outcome        Outcome   `json:"outcome"`
	Reason         Reason    `json:"reason"`
	Tag            string    `json:"tag"`             // tag_…, or "" if the URL names none of ours
	UID            string    `json:"uid"`             // lower-case hex; may be random, never an identity
	Chip           string    `json:"chip"`            // ntag424, ntag22x, ntag21x, type4, type2 or other
	CarriedSession string    `json:"carried_session"` // the session that was posted, ses_…, or ""
	Session        string    `json:"session"`         // the session that the answer names, ses_…, or ""
	Verification   string    `json:"verification"`    // the resource that the scan created, vrf_…, or ""
	HTTPStatus     int       `json:"http_status"`     // 0 without an answer
	ReadMS         float64   `json:"read_ms"`         // from the tag's arrival to the end of the read
	ConnectMS      float64   `json:"connect_ms"`      // waiting for a connection when nothing else held the scan back
	AnswerMS       float64   `json:"answer_ms"`       // from the first byte of the request to the end of the answer
	TotalMS        float64   `json:"total_ms"`        // from the tag's arrival to the lamp

	Boot       string    `json:"-"` // id of the board's boot, "" if not known
	BoottimeMS int64     `json:"-"` // CLOCK_BOOTTIME when it finished, in milliseconds
	Synced     bool      `json:"-"` // the wall clock was synchronised
	AgeMS      int64     `json:"-"` // age of the verification when it was answered, by the platform's clock
	Inserted   time.Time `json:"-"` // when the platform created the verification, by its own clock; zero without one
}

// Milliseconds converts a duration to the unit of a Record, to the microsecond.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// RefusesSession reports whether an answer with this HTTP status proves that the session that a
// scan carried is of no use for its tag: 404 and 422.
func RefusesSession(httpStatus int) bool { return httpStatus == 404 || httpStatus == 422 }
