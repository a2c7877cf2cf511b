// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/tagbase/tagbase-edge/scan"
)

// Limits of a tap URL's query. Chips that make proofs need two or three parameters and below
// 300 bytes.
const (
	maxParams = 32
	maxQuery  = 2048 // bytes, as they stand in the URL
)

// Why a tap URL is foreign.
var (
	ErrEntryPoint = errors.New("the URL is not under one of tags.entry_points")
	ErrTagID      = errors.New("the URL holds no tag id and is not in tags.map_file")
	ErrParameters = errors.New("the URL's query cannot be passed on complete and unchanged")
)

// Tags tells the URLs of our tags from all others.
type Tags struct {
	EntryPoints []EntryPoint
	Addresses   map[Address]string // the tag id of an address that does not hold it
}

// Submission turns a tap URL into a submission without a session. The error is ErrEntryPoint,
// ErrTagID or ErrParameters. The URL is parsed, and never opened.
func (t Tags) Submission(tapURL string) (scan.Submission, error) {
	// A fragment never reaches a server, so it says nothing.
	whole, _, _ := strings.Cut(tapURL, "#")
	u, err := url.Parse(whole)
	if err != nil {
		return scan.Submission{}, ErrEntryPoint
	}

	a, ok := addressOf(u)
	if !ok {
		return scan.Submission{}, ErrEntryPoint
	}
	id, err := t.tagID(a)
	if err != nil {
		return scan.Submission{}, err
	}

	params, ok := parseQuery(u.RawQuery)
	if !ok {
		return scan.Submission{}, ErrParameters
	}

	return scan.Submission{Tag: id, Params: params}, nil
}

// tagID finds the tag id in what follows the entry point, or in the map.
func (t Tags) tagID(a Address) (string, error) {
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
		err = ErrTagID // unless another entry point knows better
	}

	return "", err
}

// parseQuery decodes every parameter once, as a form is decoded (WHATWG URL, 5.1). It fails if a
// JSON object could not hold the same: a key that stands twice, an empty key, a bad escape, bytes
// that are not UTF-8; and if the query is empty or too large.
func parseQuery(raw string) (map[string]string, bool) {
	// Some servers split at a semicolon, others do not: what it means is not certain.
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
