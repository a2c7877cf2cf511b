// SPDX-License-Identifier: Apache-2.0

package station

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/uplink"
	"go.uber.org/zap"
)

// A posting is a scan that is ready to be posted, or one whose outcome is known without that.
type posting struct {
	submission scan.Submission
	request    *uplink.Request  // nil: nothing is posted, and settled is the scan
	written    <-chan error     // receives when the journal has the intent, or cannot write it
	patience   <-chan time.Time // fires when the journal has had its time
	settled    scan.Record
}

// prepare makes a scan ready that was read from a tap. another says that a second scan of the tap
// is likely to follow.
func (s *Station) prepare(t *tap, read reader.Tap, by time.Time, another bool) *posting {
	if read.Reason != "" {
		return &posting{settled: scan.Record{Outcome: scan.Unreadable, Reason: read.Reason}}
	}
	sub, err := s.Tags.Submission(read.URL)
	if err != nil {
		return &posting{settled: scan.Record{Outcome: scan.Foreign, Reason: foreignReasons[err]}}
	}

	return s.prepareSubmission(t, sub, by, another)
}

// prepareSubmission has the journal write the intent, and the request connect. Nothing leaves the
// station yet.
func (s *Station) prepareSubmission(t *tap, sub scan.Submission, by time.Time, another bool) *posting {
	sub.Session = s.carriedSession(sub.Tag)

	return &posting{
		submission: sub,
		written:    s.intend(t, sub),
		patience:   time.After(journal.Patience),
		request:    s.Platform.Prepare(sub, uplink.Plan{Tapped: t.Entered, By: by, Another: another}),
	}
}

// withdraw ends a posting that the reader did not confirm. Nothing of it was sent. That it could
// not even connect is worth knowing all the same.
func (s *Station) withdraw(p *posting) {
	if p.request == nil {
		return
	}

	p.request.Withdraw()
	s.learnFromContact()
}

// send posts the scan in its tag's session, and keeps what the platform says about the session.
func (s *Station) send(p *posting) scan.Record {
	if p.request == nil {
		return p.settled
	}

	// The intent goes before the first byte: after a power cut, the journal knows of every scan
	// that the platform may have. A disk that is too slow, or cannot write, does not hold a person
	// up; nor does a request that has failed already.
	select {
	case <-p.written:
	case <-p.patience:
	case <-p.request.Failed():
	}

	answer := p.request.Send()
	s.learnFromAnswer(p.submission, answer)
	s.learnFromContact()
	if answer.Err != nil {
		s.Log.Warn("not answered", zap.String("outcome", string(answer.Outcome)), zap.Error(answer.Err))
	}

	return scan.Record{
		Outcome:        answer.Outcome,
		Reason:         answer.Reason,
		Tag:            p.submission.Tag,
		CarriedSession: p.submission.Session,
		Session:        answer.Verification.Session,
		Verification:   answer.Verification.ID,
		HTTPStatus:     answer.Status,
		ConnectMS:      scan.Milliseconds(answer.Connect),
		AnswerMS:       scan.Milliseconds(answer.Answer),
		AgeMS:          answer.Verification.Age.Milliseconds(),
		Inserted:       answer.Verification.Inserted,
	}
}

// intend has the journal write that the scan may be about to be posted. The channel receives when
// the disk has the line, or does not take it. A tap that is prepared again keeps its number, and
// the later intent takes the place of the first.
func (s *Station) intend(t *tap, sub scan.Submission) (written <-chan error) {
	if t.seq == 0 {
		t.seq = s.Journal.NextSeq()
	}

	return s.Journal.Intend(journal.Intent{
		Seq:        t.seq,
		Boot:       bootID(),
		BoottimeMS: sinceBoot().Milliseconds(),
		Time:       s.Wall().UTC(),
		Synced:     clockSynced(),
		Station:    s.Name,
		Tag:        sub.Tag,
		UID:        t.UID,
		Chip:       string(t.Chip),
		Session:    sub.Session,
		Params:     hashParams(sub.Params),
	})
}

// hashParams is the parameters' SHA-256: enough to see that two proofs were the same, and nothing
// that could be posted again.
func hashParams(params map[string]string) string {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(params)) {
		// The zero byte keeps "ab", "c" apart from "a", "bc".
		for _, text := range []string{key, params[key]} {
			h.Write([]byte(text))
			h.Write([]byte{0})
		}
	}

	return hex.EncodeToString(h.Sum(nil))
}

// carriedSession is the session that a scan of the tag carries now, or "".
func (s *Station) carriedSession(tag string) string {
	s.sessionsMu.Lock()
	defer s.sessionsMu.Unlock()

	return s.Sessions.Carried(tag, sinceBoot())
}

// learnFromAnswer keeps the session that an answer names, and drops one that the platform refuses.
func (s *Station) learnFromAnswer(sub scan.Submission, answer uplink.Answer) {
	s.sessionsMu.Lock()
	defer s.sessionsMu.Unlock()

	switch {
	case answer.Verification.ID != "":
		s.Sessions.Answered(sub.Tag, session.Report{
			Session: answer.Verification.Session,
			Age:     answer.Verification.Age,
			Verdict: answer.Outcome.Verdict(),
		}, sinceBoot())
	case sub.Session != "" && scan.RefusesSession(answer.Status):
		s.Sessions.Refused(sub.Tag)
	}
}

// learnFromContact takes what the last contact with the platform came to, scan or probe: the
// platform's clock settles the age of old sessions, and trouble raises a service code.
func (s *Station) learnFromContact() {
	if date, ok := s.Platform.Date(); ok {
		s.sessionsMu.Lock()
		s.Sessions.Settle(date, sinceBoot())
		s.sessionsMu.Unlock()
	}

	trouble := s.Platform.Trouble()
	code := serviceOfTrouble[trouble]
	changed := s.setService(code,
		scan.ServicePlatformUnreachable, scan.ServiceKeyRefused, scan.ServiceClockOrCertificate)
	switch {
	case !changed: // the log has it already
	case code == scan.ServiceNone:
		s.Log.Info("platform reached")
	default:
		s.Log.Error("platform", zap.Int("service_code", int(code)), zap.String("reason", string(trouble)))
	}
}
