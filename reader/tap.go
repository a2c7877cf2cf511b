// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"time"

	"github.com/tagbase/tagbase-edge/internal/ndef"
	"github.com/tagbase/tagbase-edge/scan"
)

// A Tap is one presentation of a tag: its URL, or the reason why there is none.
type Tap struct {
	UID     string // lower-case hex
	Chip    Chip
	URL     string      // as on the tag, not checked in any way; empty if Reason is set
	Second  string      // another URL, read later in the same tap; empty without OneTap, or if the tag did not stay
	Reason  scan.Reason // one of those under scan.Unreadable
	Entered time.Time   // when the tag was found in the field
	Read    time.Time   // when its URL was read, or given up
}

// A Liveness is how a tag shows that its proof is fresh.
type Liveness string

const (
	TwoTaps Liveness = "two-taps" // by being tapped again
	OneTap  Liveness = "one-tap"  // by a second proof in the same tap
)

// reasonOf returns the reason why a read that ended in err gives no URL; "" without an error. An error that
// is the reader's own is its fault, and tears the tap.
func reasonOf(err error) (reason scan.Reason, fault error) {
	switch {
	case err == nil:
		return "", nil
	case errors.Is(err, errNoNDEF), errors.Is(err, ndef.ErrMalformed):
		return scan.ReasonNoNDEF, nil
	case errors.Is(err, ndef.ErrNoURI):
		return scan.ReasonNoURL, nil
	case errors.Is(err, errUnsupported), errors.Is(err, errTooBig), errors.Is(err, errTooMany):
		return scan.ReasonUnsupported, nil
	case errors.Is(err, errAnother):
		return scan.ReasonTwoTags, nil
	case errors.Is(err, ErrTagLost), errors.Is(err, errTooLong):
		return scan.ReasonTorn, nil
	default: // neither the tag's nor its message's: the reader's
		return scan.ReasonTorn, err
	}
}
