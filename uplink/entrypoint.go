// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// An EntryPoint is how the URLs of our tags begin.
type EntryPoint struct {
	origin string // as of an Address
	path   string // "" or segments, each with a "/" behind it
}

// ParseEntryPoint parses a URL such as "https://tap.example.com/" or
// "https://example.com:8443/t". It matches whole path segments. Plain http is allowed to
// loopback only.
func ParseEntryPoint(s string) (EntryPoint, error) {
	u, err := url.Parse(s)
	if err != nil {
		return EntryPoint{}, fmt.Errorf("%.80q is not a URL", s)
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return EntryPoint{}, fmt.Errorf("%.80q holds more than scheme, host and path", s)
	}
	if scheme := strings.ToLower(u.Scheme); scheme != "https" && !(scheme == "http" && isLoopback(u.Hostname())) {
		return EntryPoint{}, fmt.Errorf("%.80q must begin with https://", s)
	}

	a, ok := addressOf(u)
	if !ok {
		return EntryPoint{}, fmt.Errorf("%.80q is not a plain URL of scheme, host and path", s)
	}
	if !isHostName(u.Hostname()) && net.ParseIP(u.Hostname()) == nil || !isPort(u.Port()) {
		return EntryPoint{}, fmt.Errorf("%.80q names no host that a tag could name", s)
	}

	e := EntryPoint(a)
	if e.path != "" && !strings.HasSuffix(e.path, "/") {
		e.path += "/"
	}

	return e, nil
}

// isPort reports whether a URL may name this port; "" is the scheme's own.
func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0 && port[0] != '0'
}

// under returns what of the address follows the entry point, and whether the address is under it.
func (e EntryPoint) under(a Address) (rest string, ok bool) {
	if a.origin != e.origin {
		return "", false
	}

	// The slash makes whole segments match: "/t" is not the beginning of "/tap".
	rest, ok = strings.CutPrefix(a.path+"/", e.path)

	return strings.TrimSuffix(rest, "/"), ok
}
