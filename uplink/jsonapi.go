// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"bytes"
	"encoding/json"
	"errors"
)

// MediaType is the media type of JSON:API 1.1, on every body in both directions.
const MediaType = "application/vnd.api+json"

// maxAnswer is how many bytes of an answer's body are read. The platform's are below 2 KiB.
const maxAnswer = 64 << 10

// An answerDocument is the JSON of an answer. Names are taken exactly as they are written, and no name
// stands twice in one object: encoding/json would let "Status" overrule "status", and the last
// of two overrule the first.
type answerDocument map[string]any

var errTwice = errors.New("a member stands twice in one object")

// parseAnswer parses an answer's body. The error is json.Unmarshal's, or errTwice.
func parseAnswer(body []byte) (answerDocument, error) {
	var doc answerDocument
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, err
	}

	return doc, checkUnique(json.NewDecoder(bytes.NewReader(body)))
}

// checkUnique walks the tokens of valid JSON and finds names that stand twice in one object.
func checkUnique(d *json.Decoder) error {
	type level struct {
		names map[string]bool // nil in an array
		value bool            // in an object: the next token is a value
	}
	var levels []level

	for {
		token, err := d.Token()
		if err != nil {
			return nil // the end, since the JSON is valid
		}

		// In an object, names and values take turns.
		if len(levels) > 0 && token != json.Delim('}') {
			top := &levels[len(levels)-1]
			if name, ok := token.(string); ok && top.names != nil && !top.value {
				if top.names[name] {
					return errTwice
				}
				top.names[name], top.value = true, true
				continue
			}
			top.value = false
		}

		switch token {
		case json.Delim('{'):
			levels = append(levels, level{names: make(map[string]bool)})
		case json.Delim('['):
			levels = append(levels, level{})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}

// at is the value at a path of names, or nil.
func (doc answerDocument) at(path ...string) any {
	var v any = map[string]any(doc)
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}

	return v
}

// text is the string at a path of names, or "".
func (doc answerDocument) text(path ...string) string {
	s, _ := doc.at(path...).(string)
	return s
}

// A resourceIdentifier is one end of a relationship (JSON:API 1.1, "Resource Identifier Objects").
type resourceIdentifier struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// A relationship points at another resource (JSON:API 1.1, "Relationships").
type relationship struct {
	Data *resourceIdentifier `json:"data"`
}
