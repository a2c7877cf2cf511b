// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"net/url"
	"strings"
)

// An Address is where a tap URL points, without its query. It is what is compared with entry
// points and looked up in the map. Two spellings of one place are the same Address.
type Address struct {
	origin string // scheme://host:port, lower case, the port always there
	path   string // segments joined by "/", decoded, without a leading "/"
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// addressOf returns the address of a URL. It refuses what servers and browsers read in more than
// one way: user names, dot segments, escaped slashes, empty segments.
func addressOf(u *url.URL) (Address, bool) {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname())
	port := u.Port()
	if port == "" {
		port = defaultPorts[scheme]
	}
	if u.User != nil || u.Opaque != "" || host == "" || port == "" || strings.HasSuffix(u.Host, ":") {
		return Address{}, false
	}

	a := Address{origin: scheme + "://" + host + ":" + port}
	raw := strings.TrimPrefix(u.EscapedPath(), "/")
	if raw == "" {
		return a, true
	}

	var segments []string
	for s := range strings.SplitSeq(raw, "/") {
		segment, err := url.PathUnescape(s)
		if err != nil || segment == "." || segment == ".." || strings.ContainsAny(segment, "/\\\x00") {
			return Address{}, false
		}
		segments = append(segments, segment)
	}

	// The last segment may be empty: the path then ends with a slash.
	for _, s := range segments[:len(segments)-1] {
		if s == "" {
			return Address{}, false
		}
	}
	a.path = strings.Join(segments, "/")

	return a, true
}
