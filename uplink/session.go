// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A Session is what the platform knows about one of its sessions.
type Session struct {
	ID     string        // ses_…
	Tag    string        // tag_…
	Opened time.Time     // by the platform's clock
	Age    time.Duration // when the platform answered, by the same clock
}

// What Platform.Session returns when there is no Session.
var (
	ErrSessionID  = errors.New("not a session id; it begins with ses_")
	ErrNoSession  = errors.New("the platform knows no such session under this station's account")
	ErrKeyRefused = errors.New("the platform refused the station's key")
	ErrUnusable   = errors.New("the platform gave no usable answer")
)

// Session asks the platform about a session. If the platform cannot be reached it asks again
// until ctx ends, since asking is harmless. The error is ErrSessionID, ErrNoSession,
// ErrKeyRefused or ErrUnusable, or says why the platform could not be reached.
func (p *Platform) Session(ctx context.Context, id string) (Session, error) {
	if !isSessionID(id) {
		return Session{}, ErrSessionID
	}

	req, err := p.newRequest(ctx, http.MethodGet, nil, "sessions", id)
	if err != nil {
		return Session{}, err
	}
	resp, err := p.clientGET().Do(req)
	if err != nil {
		return Session{}, err
	}
	defer resp.Body.Close()

	switch {
	case resp.StatusCode == http.StatusNotFound:
		return Session{}, ErrNoSession
	case resp.StatusCode == http.StatusUnauthorized:
		return Session{}, ErrKeyRefused
	case resp.StatusCode != http.StatusOK:
		return Session{}, fmt.Errorf("%w: HTTP status %d", ErrUnusable, resp.StatusCode)
	}

	return decodeSession(resp, id)
}

// decodeSession reads the answer to a GET of the session.
func decodeSession(resp *http.Response, id string) (Session, error) {
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return Session{}, err
	}
	doc, err := parseAnswer(b)
	if err != nil || doc.text("data", "type") != "sessions" || doc.text("data", "id") != id {
		return Session{}, fmt.Errorf("%w: not the session", ErrUnusable)
	}

	s := Session{ID: id, Tag: doc.text("data", "relationships", "tag", "data", "id")}
	s.Opened, s.Age = insertedAt(resp.Header, doc.text("data", "attributes", "inserted_at"))
	if s.Opened.IsZero() || !isTagID(s.Tag) {
		return Session{}, fmt.Errorf("%w: no time or no tag", ErrUnusable)
	}

	return s, nil
}
