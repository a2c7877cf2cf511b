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

// A Verification is the resource that a submission creates at the platform.
type Verification struct {
	ID      string // vrf_…
	Session string // ses_…, or "" if the answer names none

	// Inserted is when the platform created it, and Age how long before the answer's Date that
	// was, both by the platform's clock; zero if the answer does not say.
	Inserted time.Time
	Age      time.Duration
}

// encodeSubmission writes the JSON:API document of a submission.
func encodeSubmission(sub scan.Submission) ([]byte, error) {
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
	}{data{Type: "verifications", Attributes: sub.Params}}
	if sub.Session != "" {
		session := resourceIdentifier{"sessions", sub.Session}
		doc.Data.Relationships = &relationships{relationship{&session}}
	}

	// json.Marshal would escape <, > and &, and the parameters are passed on unchanged.
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(doc)

	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

var (
	// errAnswer begins every error about an answer's content. Its words are ours alone.
	errAnswer = errors.New("the platform's answer")
	errCut    = fmt.Errorf("%w breaks off", errAnswer)
)

// decodeVerification reads a 2xx answer to a submission for the tag. Whatever is not as
// documented is an error.
func decodeVerification(header http.Header, body io.Reader, tag string) (scan.Outcome, Verification, error) {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || media != MediaType {
		return "", Verification{}, fmt.Errorf("%w is not of type %s", errAnswer, MediaType)
	}

	// One byte more than is allowed shows that there is more.
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

// verification reads an answer about the tag. An answer that names no tag is taken for ours,
// since it came to a request under the tag's own path.
func (doc answerDocument) verification(header http.Header, tag string) (scan.Outcome, Verification, error) {
	outcome := scan.Outcome(doc.text("data", "attributes", "status"))
	v := Verification{
		ID:      doc.text("data", "id"),
		Session: doc.text("data", "relationships", "session", "data", "id"),
	}
	hasSession := doc.at("data", "relationships", "session", "data") != nil
	sessionType := doc.text("data", "relationships", "session", "data", "type")
	hasTag := doc.at("data", "relationships", "tag", "data") != nil
	tagType := doc.text("data", "relationships", "tag", "data", "type")
	tagID := doc.text("data", "relationships", "tag", "data", "id")

	var wrong string
	switch {
	case doc.text("data", "type") != "verifications" || !isVerificationID(v.ID):
		wrong = "is not a verification"
	case hasSession && (sessionType != "sessions" || !isSessionID(v.Session)):
		wrong = "names something else for a session"
	case hasTag && (tagType != "tags" || tagID != tag):
		wrong = "is about another tag"
	case outcome != scan.Pending && !outcome.Verdict():
		wrong = "has a status that is not pending, valid or invalid"
	case outcome == scan.Pending && v.Session == "":
		wrong = "is pending and names no session"
	}
	if wrong != "" {
		return "", Verification{}, fmt.Errorf("%w %s", errAnswer, wrong)
	}

	v.Inserted, v.Age = insertedAt(header, doc.text("data", "attributes", "inserted_at"))

	return outcome, v, nil
}

// insertedAt reads a resource's inserted_at, and how long before the answer's Date that was.
func insertedAt(header http.Header, text string) (at time.Time, age time.Duration) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, 0
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return at, 0
	}

	// Date has whole seconds, so that it may lie before inserted_at.
	return at, max(0, date.Sub(at))
}
