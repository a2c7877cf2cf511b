// SPDX-License-Identifier: Apache-2.0

package station

import (
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/session"
)

// Restore rebuilds the sessions from what the journal held, before Run. Within one boot of the
// board, ages come from the time since boot; an older session is carried until the platform's clock
// tells its age.
func (s *Station) Restore(past []scan.Record) {
	boot := bootID()
	for _, record := range past {
		s.Feed.Past(record)
	}

	// More tags than the cache holds would push each other out.
	for _, record := range past[max(0, len(past)-session.MaxTags):] {
		report := session.Report{
			Session: record.Session,
			Age:     time.Duration(record.AgeMS) * time.Millisecond,
			Verdict: record.Outcome.Verdict(),
		}
		switch {
		case record.CarriedSession != "" && scan.RefusesSession(record.HTTPStatus):
			s.Sessions.Refused(record.Tag)
		case record.Verification == "": // no answer, so nothing about a session
		case boot != "" && record.Boot == boot:
			s.Sessions.Answered(record.Tag, report, time.Duration(record.BoottimeMS)*time.Millisecond)
		default:
			s.Sessions.Restore(record.Tag, report, record.Inserted)
		}
	}
}

// restsFor is how long ago a tag can have been scanned that still lies on the reader when the daemon
// starts again. It is the reader's own bound for the same (reader.restsFor).
const restsFor = 10 * time.Minute

// RestingTag is the UID of the tag that may still lie on the reader since before the daemon's start,
// or "". The reader does not take it for a new tap.
func RestingTag(past []scan.Record) string {
	if len(past) == 0 {
		return ""
	}

	last := past[len(past)-1]
	ago := sinceBoot() - time.Duration(last.BoottimeMS)*time.Millisecond
	if last.Boot == "" || last.Boot != bootID() || ago > restsFor {
		return ""
	}

	return last.UID
}
