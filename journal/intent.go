// SPDX-License-Identifier: Apache-2.0

package journal

import "time"

// An Intent says that a scan is about to be posted. It is on the disk before the first
// byte leaves, so that a crash cannot hide a scan that the platform may have seen.
type Intent struct {
	Seq        uint64    `json:"seq"`
	Boot       string    `json:"boot"`     // id of the board's boot, "" if not known
	BoottimeMS int64     `json:"boottime"` // CLOCK_BOOTTIME, in milliseconds
	Time       time.Time `json:"time"`     // the board's wall clock, UTC, to the millisecond
	Synced     bool      `json:"synced"`   // the wall clock was synchronised
	Station    string    `json:"station"`
	Tag        string    `json:"tag"`
	UID        string    `json:"uid"`
	Chip       string    `json:"chip"`
	Session    string    `json:"session"` // the session that the scan carries, or ""
	Params     string    `json:"params"`  // SHA-256 of the parameters in hex, never the parameters
}
