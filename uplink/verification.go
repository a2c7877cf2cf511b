// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

// MediaType is JSON:API's, on every body in both directions.
const MediaType = "application/vnd.api+json"

// A Verification is the resource that a scan creates.
type Verification struct {
	ID      string // vrf_…
	Session string // ses_…, or "" if the answer names none
	// Inserted is when it was created, and Age how long before the answer's Date
	// that was, both by the platform's clock; zero if they are missing.
	Inserted time.Time
	Age      time.Duration
}

// identifier is one end of a JSON:API relationship.
type identifier struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type relationship struct {
	Data *identifier `json:"data"`
}

// encode writes the JSON:API document of a scan (platform-api, "Submit a scan").
func (s Scan) encode() ([]byte, error) {
	type relationships struct {
		Session relationship `json:"session"`
	}
	type data struct {
		Type          string            `json:"type"`
		Attributes    map[string]string `json:"attributes"`
		Relationships *relationships    `json:"relationships,omitempty"`
	}
	doc := struct {
		Data data `json:"data"`
	}{data{Type: "verifications", Attributes: s.Params}}
	if s.Session != "" {
		doc.Data.Relationships = &relationships{relationship{&identifier{"sessions", s.Session}}}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(doc)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// maxAnswer is all that is read of an answer's body.
const maxAnswer = 64 << 10

var (
	errAnswer = errors.New("the platform's answer")
	errCut    = fmt.Errorf("%w breaks off", errAnswer)
)

// decodeVerification reads a 2xx answer to a scan of the tag. Whatever is not
// as documented is an error.
func decodeVerification(header http.Header, body io.Reader, tag string) (scan.Outcome, Verification, error) {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || media != MediaType {
		return "", Verification{}, fmt.Errorf("%w is not of type %s", errAnswer, MediaType)
	}
	b, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err != nil {
		return "", Verification{}, errCut
	}
	if len(b) > maxAnswer {
		return "", Verification{}, fmt.Errorf("%w is longer than 64 KiB", errAnswer)
	}
	doc, err := parseAnswer(b)
	if err != nil {
		return "", Verification{}, fmt.Errorf("%w is not JSON:API", errAnswer)
	}
	return doc.verification(header, tag)
}

// verification takes an answer for a verification of the tag. One that names no
// tag is taken for ours, since we asked for it under the tag's own path.
func (doc document) verification(header http.Header, tag string) (scan.Outcome, Verification, error) {
	outcome := scan.Outcome(doc.text("data", "attributes", "status"))
	v := Verification{ID: doc.text("data", "id"), Session: doc.text("data", "relationships", "session", "data", "id")}
	session := doc.at("data", "relationships", "session", "data")
	named := doc.at("data", "relationships", "tag", "data")
	switch {
	case doc.text("data", "type") != "verifications" || !isVerificationID(v.ID):
		return "", Verification{}, fmt.Errorf("%w is not a verification", errAnswer)
	case session != nil && (doc.text("data", "relationships", "session", "data", "type") != "sessions" || !isSessionID(v.Session)):
		return "", Verification{}, fmt.Errorf("%w names a session that is none", errAnswer)
	case named != nil && (doc.text("data", "relationships", "tag", "data", "type") != "tags" ||
		doc.text("data", "relationships", "tag", "data", "id") != tag):
		return "", Verification{}, fmt.Errorf("%w is about another tag", errAnswer)
	case outcome != scan.Pending && outcome != scan.Valid && outcome != scan.Invalid:
		return "", Verification{}, fmt.Errorf("%w has a status that is not pending, valid or invalid", errAnswer)
	case outcome == scan.Pending && v.Session == "":
		return "", Verification{}, fmt.Errorf("%w is pending and names no session", errAnswer)
	}
	v.Inserted, v.Age = insertedAt(header, doc.text("data", "attributes", "inserted_at"))
	return outcome, v, nil
}

// insertedAt reads a resource's inserted_at, and how long before the answer's Date
// that was.
func insertedAt(header http.Header, text string) (at time.Time, age time.Duration) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, 0
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return at, 0
	}
	return at, max(0, date.Sub(at))
}
