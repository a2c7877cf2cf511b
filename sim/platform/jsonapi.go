// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const mediaType = "application/vnd.api+json"

type resource struct {
	Type          string                  `json:"type"`
	ID            string                  `json:"id"`
	Attributes    map[string]string       `json:"attributes"`
	Relationships map[string]relationship `json:"relationships"`
}

type relationship struct {
	Data identifier `json:"data"`
}

type identifier struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func toOne(kind, id string) relationship {
	return relationship{identifier{kind, id}}
}

// timestamp is ISO 8601, UTC, with exactly six decimals.
func timestamp(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// refusal is answered as a JSON:API error with this HTTP status.
type refusal struct {
	status int
	detail string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.detail) }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

func (r *refusal) document() any {
	return map[string]any{"errors": []map[string]string{{
		"status": strconv.Itoa(r.status),
		"title":  http.StatusText(r.status),
		"detail": r.detail,
	}}}
}

func writeDocument(w http.ResponseWriter, status int, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		panic(err) // cannot happen: maps and structs of strings always marshal
	}

	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	w.Write(body)
}

// isMediaType accepts the bare type only: JSON:API allows neither charset nor any other parameter that this platform
// would know.
func isMediaType(header string) bool {
	t, params, err := mime.ParseMediaType(header)
	return err == nil && t == mediaType && len(params) == 0
}

// checkMedia refuses a client that asks for anything but JSON:API, even `*/*`, with 406, and a body that is not
// JSON:API with 415.
func checkMedia(r *http.Request) *refusal {
	for _, accept := range r.Header.Values("Accept") {
		if !isMediaType(accept) {
			return refuse(http.StatusNotAcceptable, "Accept, if sent, must be %s", mediaType)
		}
	}

	if r.ContentLength != 0 && !isMediaType(r.Header.Get("Content-Type")) {
		return refuse(http.StatusUnsupportedMediaType, "a body must be %s", mediaType)
	}
	return nil
}

// parseScan reads the document of a POST: its attributes, and the session that it names, if any. It refuses with 400 a
// document that does not have the documented shape, and with 422 one that has the shape and makes no sense.
func parseScan(body []byte) (attributes map[string]string, session string, ref *refusal) {
	// The shape from the outside in; what the members mean comes after it.
	top, ref := members("document", body, "data")
	if ref != nil {
		return nil, "", ref
	}
	data, ref := members("data", top["data"], "type", "attributes", "relationships")
	if ref != nil {
		return nil, "", ref
	}
	if kind, ok := jsonString(data["type"]); !ok || kind != "verifications" {
		return nil, "", refuse(http.StatusBadRequest, "data.type must be verifications")
	}

	if attributes, ref = parseAttributes(data["attributes"]); ref != nil {
		return nil, "", ref
	}
	if raw, sent := data["relationships"]; sent {
		session, ref = parseRelationships(raw)
	}
	return attributes, session, ref
}

func parseAttributes(raw json.RawMessage) (map[string]string, *refusal) {
	if raw == nil {
		return nil, refuse(http.StatusUnprocessableEntity, "attributes are missing")
	}

	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return nil, refuse(http.StatusBadRequest, "attributes must be an object")
	}
	if len(values) == 0 {
		return nil, refuse(http.StatusUnprocessableEntity, "attributes are empty")
	}

	attributes := make(map[string]string, len(values))
	for name, raw := range values {
		value, ok := jsonString(raw)
		if !ok {
			return nil, refuse(http.StatusUnprocessableEntity, "attribute %s must be a string", name)
		}
		attributes[name] = value
	}
	return attributes, nil
}

// parseRelationships reads the session's id; without a session it returns "".
func parseRelationships(raw json.RawMessage) (session string, ref *refusal) {
	// Relationships without a session are allowed; a session without data is not.
	relationships, ref := members("relationships", raw, "session")
	if ref != nil || relationships["session"] == nil {
		return "", ref
	}
	link, ref := members("session", relationships["session"], "data")
	if ref != nil {
		return "", ref
	}
	to, ref := members("session.data", link["data"], "type", "id")
	if ref != nil {
		return "", ref
	}

	kind, kindOK := jsonString(to["type"])
	id, idOK := jsonString(to["id"])
	if !kindOK || !idOK {
		return "", refuse(http.StatusBadRequest, "session.data must have a type and an id")
	}
	if kind != "sessions" || id == "" {
		return "", refuse(http.StatusUnprocessableEntity, "session must name one of sessions")
	}
	return id, nil
}

// members takes an object apart by exact names. The structs of encoding/json would not do: they ignore case.
func members(what string, raw json.RawMessage, known ...string) (map[string]json.RawMessage, *refusal) {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return nil, refuse(http.StatusBadRequest, "%s must be an object", what)
	}

	for name := range m {
		if !slices.Contains(known, name) {
			return nil, refuse(http.StatusBadRequest, "%s has an unknown member %q", what, name)
		}
	}
	return m, nil
}

// jsonString refuses null, too, which json.Unmarshal would turn into "".
func jsonString(raw json.RawMessage) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}
