// SPDX-License-Identifier: Apache-2.0

package station

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/session"
)

// Remember rebuilds the sessions from what the journal held. Within one boot ages
// come from time since boot; what is older is carried until the platform's clock
// tells its age.
func (s *Station) Remember(past []scan.Record) {
	boot := bootID()
	for _, record := range past {
		s.Feed.Past(record)
	}
	for _, record := range past[max(0, len(past)-session.MaxTags):] {
		answer := session.Report{
			Session: record.Session,
			Age:     time.Duration(record.AgeMS) * time.Millisecond,
			Verdict: record.Outcome.Verdict(),
		}
		switch {
		case record.CarriedSession != "" && scan.RefusesSession(record.HTTPStatus):
			s.Sessions.Refused(record.Tag)
		case record.Verification == "":
		case boot != "" && record.Boot == boot:
			s.Sessions.Answered(record.Tag, answer, time.Duration(record.BoottimeMS)*time.Millisecond)
		default:
			s.Sessions.Restore(record.Tag, answer, record.Inserted)
		}
	}
}

// lately is how long ago a tag can have been scanned that still lies on the
// reader when the daemon starts anew.
const lately = 10 * time.Minute

// Resting is the UID of the tag that may still lie on the reader from before the
// daemon was started anew, or "".
func Resting(past []scan.Record) string {
	if len(past) == 0 {
		return ""
	}
	last := past[len(past)-1]
	ago := sinceBoot() - time.Duration(last.BoottimeMS)*time.Millisecond
	if last.Boot == "" || last.Boot != bootID() || ago > lately {
		return ""
	}
	return last.UID
}

// hashed is the parameters' SHA-256: enough to tell that a proof was the same,
// and nothing to post again.
func hashed(params map[string]string) string {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(params)) {
		for _, text := range []string{key, params[key]} {
			h.Write([]byte(text))
			h.Write([]byte{0})
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
