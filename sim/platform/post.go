// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"time"
)

// maxBody is the longest body that is read, in bytes. It is far above any real scan, and keeps a runaway client from
// filling the memory.
const maxBody = 1 << 20

// post answers POST /tags/{id}/verifications, and records it whatever the answer is.
func (p *Simulated) post(w http.ResponseWriter, r *http.Request) (*resource, *refusal) {
	body, readErr := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))

	v := Post{HTTPStatus: http.StatusCreated, Header: withoutKey(r.Header), Body: body}
	created, ref, told := p.record(r, readErr, &v)

	// Outside of the lock: a test may hold the answer back for long, or ask for Posts.
	if told != nil {
		told(v)
	}
	return created, ref
}

func (p *Simulated) record(r *http.Request, readErr error, v *Post) (_ *resource, ref *refusal, told func(Post)) {
	p.mu.Lock()
	defer p.mu.Unlock()

	// Numbers and order of the record are those in which the platform decided.
	v.Seq, v.Time = len(p.recorded)+1, time.Now()
	created, ref := p.create(r, readErr, v)
	if ref != nil {
		v.HTTPStatus = ref.status
	}

	p.recorded = append(p.recorded, *v)
	return created, ref, p.told
}

// create makes the verification, and fills in v as far as it gets. It checks in the order that the package comment
// gives.
func (p *Simulated) create(r *http.Request, readErr error, v *Post) (*resource, *refusal) {
	segments := route(r)
	found := len(segments) == 3 && segments[0] == "tags" && segments[2] == "verifications"
	if found {
		v.TagID = segments[1]
	}

	if ref := p.admit(r); ref != nil {
		return nil, ref
	}

	t := p.tags[v.TagID]
	switch {
	case !found:
		return nil, refuse(http.StatusNotFound, "no such path")
	case t == nil:
		return nil, refuse(http.StatusNotFound, "no such tag under this account")
	case t.open == nil:
		return nil, refuse(http.StatusNotFound, "the tag has no chip yet")
	}

	var tooLarge *http.MaxBytesError
	if errors.As(readErr, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is over %d bytes", tooLarge.Limit)
	}
	var ref *refusal
	if v.Attributes, v.Carried, ref = parseScan(v.Body); ref != nil {
		return nil, ref
	}

	// From here on the scan counts: the proof is used up, and a session opens or ends.
	v.ID = "vrf_" + rand.Text()
	v.Status, v.Session = p.judge(v.Time, v.TagID, v.Attributes, v.Carried)
	return &resource{
		Type:       "verifications",
		ID:         v.ID,
		Attributes: map[string]string{"status": v.Status, "inserted_at": timestamp(v.Time)},
		Relationships: map[string]relationship{
			"session": toOne("sessions", v.Session),
			"tag":     toOne("tags", v.TagID),
		},
	}, nil
}

// judge returns the status of a scan and the session that it is in: the carried one while that is live, otherwise a new
// one. A session that an invalid scan opens is resolved from the start, since its flow has its verdict.
func (p *Simulated) judge(
	now time.Time, tagID string, attributes map[string]string, carried string,
) (status, sessionID string) {
	t := p.tags[tagID]
	counter, fresh := t.open(attributes)
	fresh = fresh && counter >= t.next
	if fresh {
		t.next = counter + 1 // older proofs that were held back are stale from now on
	}

	// A session that is over, unknown or of another tag is not an error: the scan opens its own.
	s := p.sessions[carried]
	live := s != nil && s.tagID == tagID && !s.resolved && now.Before(s.opened.Add(p.Window))
	if !live {
		s = &session{id: "ses_" + rand.Text(), tagID: tagID, opened: now}
		p.sessions[s.id] = s
	}

	switch {
	case !fresh:
		status = "invalid"
	case live:
		status = "valid"
	default:
		return "pending", s.id
	}
	s.resolved = true
	return status, s.id
}

// withoutKey returns a copy of the header for the record, which does not show the account's key.
func withoutKey(h http.Header) http.Header {
	h = maps.Clone(h)
	if _, sent := h["Authorization"]; sent {
		h.Set("Authorization", "(withheld)")
	}
	return h
}
