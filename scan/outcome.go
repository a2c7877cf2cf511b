// SPDX-License-Identifier: Apache-2.0

package scan

// An Outcome is what came of one scan. Journal, log, metrics, page and `scans` write
// it as it stands here.
type Outcome string

const (
	Pending    Outcome = "pending"    // the platform accepted the scan; the verification flow is open
	Valid      Outcome = "valid"      // the platform found the tag genuine
	Invalid    Outcome = "invalid"    // the platform found that the tag is not genuine
	Unknown    Outcome = "unknown"    // the scan may have reached the platform; there is no usable answer
	NotSent    Outcome = "not_sent"   // no byte of the scan left the station
	Refused    Outcome = "refused"    // the platform rejected the request
	Foreign    Outcome = "foreign"    // a tag, but not one of ours; never posted
	Unreadable Outcome = "unreadable" // no tap URL could be read
	Dropped    Outcome = "dropped"    // too many taps at once
)

// Outcomes returns every outcome in alphabetical order.
func Outcomes() []Outcome {
	return []Outcome{Dropped, Foreign, Invalid, NotSent, Pending, Refused, Unknown, Unreadable, Valid}
}

// Verdict reports whether the platform has judged the tag: Valid or Invalid.
func (o Outcome) Verdict() bool { return o == Valid || o == Invalid }

// A Reason says in one word why a scan has its Outcome. The three outcomes of an
// answered scan, Pending, Valid and Invalid, have no reason: "".
//
// The same word may stand under several outcomes: ReasonKey under Refused is a 401,
// and under NotSent it is a scan that was held back because of an earlier 401.
type Reason string

// Reasons under Refused: the HTTP status that the platform answered with.
const (
	ReasonKey      Reason = "key"      // 401; under NotSent: refused before, and not changed since
	ReasonTag      Reason = "tag"      // 403, 404
	ReasonRequest  Reason = "request"  // 400, 413, 415, 422, 431 and every other 4xx
	ReasonBusy     Reason = "busy"     // 429
	ReasonRedirect Reason = "redirect" // 3xx, which the station never follows
)

// Reasons under NotSent, beside ReasonKey.
const (
	ReasonNetwork Reason = "network" // no connection
	ReasonDNS     Reason = "dns"     // the platform's host name did not resolve
	ReasonTLS     Reason = "tls"     // no secure connection
	ReasonClock   Reason = "clock"   // by the station's clock, a certificate is not valid now
	ReasonBreaker Reason = "breaker" // the platform was unreachable several times, or asked for a pause
)

// Reasons under Unknown.
const (
	ReasonNoAnswer  Reason = "no_answer"
	ReasonBadAnswer Reason = "bad_answer"
	ReasonServer    Reason = "server"  // 5xx, 408, 425
	ReasonRestart   Reason = "restart" // the daemon stopped before the scan was finished
)

// Reasons under Unreadable.
const (
	ReasonNoNDEF      Reason = "no_ndef"     // no NDEF message
	ReasonNoURL       Reason = "no_url"      // an NDEF message without a URI record
	ReasonTorn        Reason = "torn"        // the tag left, or the reader failed, before the read was complete
	ReasonTwoTags     Reason = "two_tags"    // more than one tag in the field
	ReasonUnsupported Reason = "unsupported" // not a kind of tag that holds NDEF: a payment card, MIFARE Classic
)

// Reasons under Foreign.
const (
	ReasonEntryPoint Reason = "entry_point" // the URL is not under any of tags.entry_points
	ReasonTagID      Reason = "tag_id"      // the URL holds no tag id and is not in tags.map_file
	ReasonParameters Reason = "parameters"  // the URL's query cannot be passed on complete and unchanged
)
