// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// A Result is all that is known of one scan.
type Result struct {
	Outcome scan.Outcome
	Reason  scan.Reason
	Status  int // HTTP status, 0 without an answer

	Verification Verification // zero unless the platform gave a usable one

	RetryAfter time.Duration // what the platform asked to wait, uncapped
	Connect    time.Duration // waited for a connection, TLS included, once nothing else held the scan
	Answer     time.Duration // the rest, from then on, to the whole answer
	Err        error         // what went wrong on the way, for the log; holds nothing that the platform said
	cut        bool          // the answer did not come to its end
}

// unanswered tells of a platform that did not answer, or not to the end.
func (r Result) unanswered() bool { return r.Status == 0 || r.cut }

// outcomeOfStatus reads an HTTP status that is not 2xx.
func outcomeOfStatus(status int) (scan.Outcome, scan.Reason) {
	switch {
	case status >= 500, status == 408, status == 425:
		// Gateways say these of requests that they have passed on.
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
