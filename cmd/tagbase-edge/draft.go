// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A draft is a configuration that is being written: TOML values by dotted key.
type draft map[string]string

// draftOf takes what an existing configuration says over, and names what of it
// is no key of ours.
func draftOf(b []byte) (d draft, strangers []string, bad []problem) {
	d = draft{}
	doc, bad := parseDocument(b)
	if bad != nil {
		return d, nil, bad
	}
	known := defaults().settings()
	for _, key := range doc.keys {
		if _, ok := known[key]; !ok {
			strangers = append(strangers, key)
			continue
		}
		switch v := doc.values[key]; v.kind {
		case unstable.String:
			d.set(key, v.text)
		case unstable.Bool:
			d[key] = v.text
		case unstable.Array:
			var items []string
			for _, item := range v.items {
				items = append(items, item.text)
			}
			d.list(key, items)
		}
	}
	return d, strangers, nil
}

// quoted is a TOML string; JSON's escapes are a part of TOML's.
func quoted(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

// set gives a key a text; an empty one leaves the key out.
func (d draft) set(key, text string) {
	if d[key] = quoted(text); text == "" {
		delete(d, key)
	}
}

func (d draft) list(key string, items []string) {
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = quoted(item)
	}
	d[key] = "[" + strings.Join(shown, ", ") + "]"
}

// text is what a key has been given, without quotes.
func (d draft) text(key string) (text string) {
	if json.Unmarshal([]byte(d[key]), &text) != nil {
		return d[key]
	}
	return text
}

func (d draft) items(key string) (items []string) {
	if json.Unmarshal([]byte(d[key]), &items) != nil {
		return nil
	}
	return items
}

// assign takes a line such as station.name=gate-1: a TOML value, or a text without quotes.
func (d draft) assign(line string) error {
	key, text, ok := strings.Cut(line, "=")
	key = strings.TrimSpace(key)
	known := defaults().settings()
	if _, there := known[key]; !ok || !there {
		return fmt.Errorf("--set %s: write a key of the configuration and its value, such as station.name=gate-1", key)
	}
	value := strings.TrimSpace(text)
	if doc, bad := parseDocument([]byte("x = " + value)); bad != nil || len(doc.keys) != 1 {
		value = quoted(text)
	}
	d[key] = value
	return nil
}

// tablesInOrder is the order of the reference configuration.
var tablesInOrder = []string{"station", "reader", "tags", "platform", "session", "leds", "page"}

// inFront are the keys that stand first in their tables.
var inFront = []string{"station.name", "reader.device", "tags.entry_points", "platform.base_url", "leds.green", "leds.red", "leds.amber"}

func (d draft) keys(table string) (keys []string) {
	for key := range d {
		if t, _, _ := strings.Cut(key, "."); t == table {
			keys = append(keys, key)
		}
	}
	rank := func(key string) int {
		if i := slices.Index(inFront, key); i >= 0 {
			return i
		}
		return len(inFront)
	}
	slices.Sort(keys)
	slices.SortStableFunc(keys, func(a, b string) int { return rank(a) - rank(b) })
	return keys
}

// toml is the file.
func (d draft) toml() []byte {
	b := []byte("# Written by tagbase-edge setup. Every key, with its default: /usr/share/tagbase-edge/reference.toml\n")
	for _, table := range tablesInOrder {
		keys := d.keys(table)
		if len(keys) == 0 {
			continue
		}
		b = fmt.Appendf(b, "\n[%s]\n", table)
		for _, key := range keys {
			b = fmt.Appendf(b, "%s = %s\n", strings.TrimPrefix(key, table+"."), d[key])
		}
	}
	return b
}
