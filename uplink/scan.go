// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// A Scan is what is submitted: which tag, what its URL's query held, and the
// session that it goes on with, if any.
type Scan struct {
	Tag     string
	Params  map[string]string
	Session string

	// Next tells that another scan follows at once: its connection is dialled beside
	// this one's.
	Next bool

	// Hold keeps back the first byte of the request. Connection and request are prepared
	// meanwhile. May be nil.
	Hold *Hold
}

// Limits of a tap URL's query.
const (
	maxParams = 32
	maxQuery  = 2048 // bytes, as they stand in the URL
)

// Why a tap URL is foreign.
var (
	ErrEntryPoint = errors.New("the URL is not under one of tags.entry_points")
	ErrTagID      = errors.New("the URL holds no tag id and is not in tags.map_file")
	ErrParameters = errors.New("the URL's query cannot be passed on whole and unchanged")
)

// Tags tells our tags' URLs from others.
type Tags struct {
	EntryPoints []EntryPoint
	Addresses   map[Address]string // the tag id of an address that does not hold it
}

// Scan turns a tap URL into a scan without a session. The error is
// ErrEntryPoint, ErrTagID or ErrParameters.
func (t Tags) Scan(tapURL string) (Scan, error) {
	whole, _, _ := strings.Cut(tapURL, "#")
	u, err := url.Parse(whole)
	if err != nil {
		return Scan{}, ErrEntryPoint
	}
	a, ok := addressOf(u)
	if !ok {
		return Scan{}, ErrEntryPoint
	}
	id, err := t.tag(a)
	if err != nil {
		return Scan{}, err
	}
	params, ok := parseQuery(u.RawQuery)
	if !ok {
		return Scan{}, ErrParameters
	}
	return Scan{Tag: id, Params: params}, nil
}

// tag finds the tag id in what follows the entry point, or in the map.
func (t Tags) tag(a Address) (string, error) {
	err := ErrEntryPoint
	for _, e := range t.EntryPoints {
		rest, ok := e.under(a)
		if !ok {
			continue
		}
		if isTagID(rest) {
			return rest, nil
		}
		if id, ok := t.Addresses[a]; ok {
			return id, nil
		}
		err = ErrTagID
	}
	return "", err
}

// parseQuery decodes every parameter once, as a form is decoded. It fails where
// a JSON object could not hold the same: a key twice, an empty key, a bad
// escape, bytes that are not UTF-8; and on a query that is empty or too large.
func parseQuery(raw string) (map[string]string, bool) {
	if len(raw) > maxQuery || strings.Contains(raw, ";") {
		return nil, false
	}
	params := make(map[string]string)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(rawKey)
		if err != nil || key == "" || !utf8.ValidString(key) {
			return nil, false
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil || !utf8.ValidString(value) {
			return nil, false
		}
		if _, twice := params[key]; twice || len(params) == maxParams {
			return nil, false
		}
		params[key] = value
	}
	return params, len(params) > 0
}
