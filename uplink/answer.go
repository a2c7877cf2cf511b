// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// An Answer is what came of one submission at the platform, answered or not.
type Answer struct {
	Outcome scan.Outcome
	Reason  scan.Reason
	Status  int // HTTP status, 0 without an answer

	Verification Verification // zero unless the platform gave a usable one

	RetryAfter time.Duration // how long the platform asks to wait, uncapped; 0 if it does not
	Connect    time.Duration // from Send until the connection stood, TLS included; 0 if it stood before
	Answer     time.Duration // the rest, from then on, to the end of the answer
	Err        error         // what went wrong on the way, for the log; holds nothing that the platform said

	cut bool // the answer broke off
}

// unanswered reports whether the platform did not answer, or not to the end.
func (a Answer) unanswered() bool { return a.Status == 0 || a.cut }

// outcomeOfStatus reads an HTTP status that is not 2xx.
func outcomeOfStatus(status int) (scan.Outcome, scan.Reason) {
	switch {
	// Gateways answer these for requests that they have already passed on.
	case status >= 500, status == 408, status == 425:
		return scan.Unknown, scan.ReasonServer
	case status >= 300 && status < 400:
		return scan.Refused, scan.ReasonRedirect
	case status == 401:
		return scan.Refused, scan.ReasonKey
	case status == 403, status == 404:
		return scan.Refused, scan.ReasonTag
	case status == 429:
		return scan.Refused, scan.ReasonBusy
	case status >= 400:
		return scan.Refused, scan.ReasonRequest
	default:
		return scan.Unknown, scan.ReasonBadAnswer
	}
}
