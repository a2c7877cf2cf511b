// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// An Edit is a configuration that is being written: the TOML text of each value by dotted key.
// Comments of the file that it was read from are lost.
type Edit map[string]string

// ParseEdit takes over what a configuration sets, and names the keys in it that do not exist.
// The Edit is nil if b is not TOML.
func ParseEdit(b []byte, file string) (e Edit, unknown []string, problems []Problem) {
	doc, problems := parseTOML(b)
	if doc == nil {
		return nil, nil, locate(problems, b, file)
	}

	e = Edit{}
	known := Default(file).keys()
	for _, key := range doc.keys {
		if _, ok := known[key]; !ok {
			unknown = append(unknown, key)
			continue
		}

		// A value of another kind, such as a number, is an error in every key: it is dropped.
		switch v := doc.values[key]; v.kind {
		case unstable.String:
			e.Set(key, v.text)
		case unstable.Bool:
			e[key] = v.text
		case unstable.Array:
			var items []string
			for _, item := range v.items {
				items = append(items, item.text)
			}
			e.SetList(key, items)
		}
	}
	return e, unknown, nil
}

// Set gives a key a text. An empty text removes the key: its default is what it has then.
func (e Edit) Set(key, text string) {
	if text == "" {
		delete(e, key)
		return
	}
	e[key] = quoted(text)
}

// SetList gives a key an array of texts.
func (e Edit) SetList(key string, items []string) {
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = quoted(item)
	}
	e[key] = "[" + strings.Join(shown, ", ") + "]"
}

// quoted returns a TOML string: every escape of JSON is one of TOML, too.
func quoted(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // a URL keeps its &
	if encoder.Encode(text) != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

// Text returns the text that a key was given, without quotes, or "".
func (e Edit) Text(key string) (text string) {
	if json.Unmarshal([]byte(e[key]), &text) != nil {
		return e[key]
	}
	return text
}

// List returns the texts of an array that a key was given, or nil.
func (e Edit) List(key string) (items []string) {
	if json.Unmarshal([]byte(e[key]), &items) != nil {
		return nil
	}
	return items
}

// Assign takes a line such as station.name=gate-1. The part after the = is a TOML value, or else a
// text without quotes.
func (e Edit) Assign(line string) error {
	key, text, ok := strings.Cut(line, "=")
	key = strings.TrimSpace(key)
	if !ok || !slices.Contains(Keys(), key) {
		return fmt.Errorf("--set %s: write a key of the configuration and its value, such as station.name=gate-1", key)
	}

	// A shell takes quotes away: gate-1 is not TOML, and a text is meant.
	value := strings.TrimSpace(text)
	if doc, _ := parseTOML([]byte("x = " + value)); doc == nil || len(doc.keys) != 1 {
		value = quoted(text)
	}
	e[key] = value
	return nil
}

// Problems reports what is wrong with the value of one key.
func (e Edit) Problems(key string) []Problem {
	// The setter does not look at the key's name.
	doc, problems := parseTOML([]byte("x = " + e[key]))
	if doc == nil {
		return problems
	}
	return Default("").keys()[key](doc.values["x"])
}

// Clone returns a copy that can be changed without changing e.
func (e Edit) Clone() Edit { return maps.Clone(e) }

// tablesInOrder is the order of the reference configuration.
var tablesInOrder = []string{"station", "reader", "tags", "platform", "session", "leds", "page"}

// firstKeys stand first in their tables: what a person looks for.
var firstKeys = []string{
	"station.name", "reader.device", "tags.entry_points", "platform.base_url",
	"leds.green", "leds.red", "leds.amber",
}

// TOML returns the content of the file.
func (e Edit) TOML() []byte {
	b := []byte("# Written by tagbase-edge setup. " +
		"Every key, with its default: /usr/share/tagbase-edge/reference.toml\n")
	for _, table := range tablesInOrder {
		keys := e.keysOf(table)
		if len(keys) == 0 {
			continue
		}

		b = fmt.Appendf(b, "\n[%s]\n", table)
		for _, key := range keys {
			b = fmt.Appendf(b, "%s = %s\n", strings.TrimPrefix(key, table+"."), e[key])
		}
	}
	return b
}

// keysOf returns the keys of a table in the order in which they are written.
func (e Edit) keysOf(table string) (keys []string) {
	for key := range e {
		if t, _, _ := strings.Cut(key, "."); t == table {
			keys = append(keys, key)
		}
	}

	// Alphabetical order is the same each time, which a map's order is not.
	rank := func(key string) int {
		if i := slices.Index(firstKeys, key); i >= 0 {
			return i
		}
		return len(firstKeys)
	}
	slices.Sort(keys)
	slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
	return keys
}
