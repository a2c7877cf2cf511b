// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"bytes"
	"encoding/json"
	"errors"
)

// A document is an answer's JSON. Names are taken as they are written, upper and
// lower case, and none stands twice: encoding/json would let "Status" overrule
// "status", and the last of two overrule the first.
type document map[string]any

var errTwice = errors.New("a member stands twice in one object")

func parseAnswer(b []byte) (document, error) {
	var doc document
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	return doc, checkUnique(json.NewDecoder(bytes.NewReader(b)))
}

// checkUnique walks the tokens of valid JSON.
func checkUnique(d *json.Decoder) error {
	type level struct {
		names map[string]bool // nil in an array
		value bool            // in an object, the next token is a value
	}
	var levels []level
	for {
		token, err := d.Token()
		if err != nil {
			return nil // the end
		}
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
func (doc document) at(path ...string) any {
	var v any = map[string]any(doc)
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}

// text is the string at a path of names, or "".
func (doc document) text(path ...string) string {
	s, _ := doc.at(path...).(string)
	return s
}
