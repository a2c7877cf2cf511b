// SPDX-License-Identifier: Apache-2.0

package journal

import "time"

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
