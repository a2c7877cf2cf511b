// SPDX-License-Identifier: Apache-2.0

package uplink

import "time"

// An Outcome is what came of a scan at the platform.
type Outcome string

const (
	Pending Outcome = "pending"  // accepted, the flow is open
	Valid   Outcome = "valid"    // genuine
	Invalid Outcome = "invalid"  // did not check out
	Unknown Outcome = "unknown"  // may have reached the platform, no usable answer
	NotSent Outcome = "not_sent" // provably never reached it
	Refused Outcome = "refused"  // the platform said no
)

// A Reason tells which kind of outcome it was; verdicts have none.
type Reason string

const (
	RefusedKey      Reason = "key"      // 401
	RefusedTag      Reason = "tag"      // 403, 404
	RefusedRequest  Reason = "request"  // 400, 413, 415, 422, 431 and the like
	RefusedBusy     Reason = "busy"     // 429
	RefusedRedirect Reason = "redirect" // 3xx, never followed

	NotSentNetwork Reason = "network"
	NotSentDNS     Reason = "dns"
	NotSentTLS     Reason = "tls"
	NotSentClock   Reason = "clock"   // a certificate that is not valid now, by our clock
	NotSentKey     Reason = "key"     // refused before, and not changed since
	NotSentBreaker Reason = "breaker" // the platform was out of reach, or asked to wait

	UnknownNoAnswer  Reason = "no_answer"
	UnknownBadAnswer Reason = "bad_answer"
	UnknownServer    Reason = "server" // 5xx, 408, 425
)

// A Result is all that is known of one scan.
type Result struct {
	Outcome Outcome
	Reason  Reason
	Status  int // HTTP status, 0 without an answer

	Verification Verification // zero unless the platform gave a usable one

	RetryAfter time.Duration // what the platform asked to wait, uncapped
	Connect    time.Duration // waited for a connection, TLS included, once nothing else held the scan
	Answer     time.Duration // the rest, from then on, to the whole answer
	Err        error         // what went wrong on the way, for the log; holds nothing that the platform said
	cut        bool          // the answer did not come to its end
}

// Verdict tells whether the platform has judged: valid or invalid.
func (r Result) Verdict() bool { return r.Outcome == Valid || r.Outcome == Invalid }

// unanswered tells of a platform that did not answer, or not to the end.
func (r Result) unanswered() bool { return r.Status == 0 || r.cut }

// outcomeOfStatus reads an HTTP status that is not 2xx.
func outcomeOfStatus(status int) (Outcome, Reason) {
	switch {
	case status >= 500, status == 408, status == 425:
		// Gateways say these of requests that they have passed on.
		return Unknown, UnknownServer
	case status >= 300 && status < 400:
		return Refused, RefusedRedirect
	case status == 401:
		return Refused, RefusedKey
	case status == 403, status == 404:
		return Refused, RefusedTag
	case status == 429:
		return Refused, RefusedBusy
	case status >= 400:
		return Refused, RefusedRequest
	default:
		return Unknown, UnknownBadAnswer
	}
}
