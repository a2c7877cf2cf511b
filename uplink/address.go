// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// An Address is where a tap URL points, without its query: what is compared
// with entry points and looked up in the map. Two spellings of one place are
// one Address.
type Address struct {
	origin string // scheme://host:port, lower case, the port always there
	path   string // segments joined by "/", decoded, without a leading "/"
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// addressOf refuses what servers and browsers read in more than one way: user
// names, dot segments, slashes that are escaped, empty segments.
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
	for _, s := range segments[:len(segments)-1] {
		if s == "" {
			return Address{}, false
		}
	}
	a.path = strings.Join(segments, "/")
	return a, true
}

// An EntryPoint is the beginning of our tags' URLs.
type EntryPoint struct {
	origin string
	path   string // "" or segments with a "/" after each
}

// ParseEntryPoint takes a URL such as "https://tap.example.com/" or
// "https://example.com:8443/t". It matches whole path segments. Plain http is
// for loopback only.
func ParseEntryPoint(s string) (EntryPoint, error) {
	u, err := url.Parse(s)
	if err != nil {
		return EntryPoint{}, fmt.Errorf("%.80q is not a URL", s)
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return EntryPoint{}, fmt.Errorf("%.80q holds more than scheme, host and path", s)
	}
	if scheme := strings.ToLower(u.Scheme); scheme != "https" && !(scheme == "http" && loopback(u.Hostname())) {
		return EntryPoint{}, fmt.Errorf("%.80q must begin with https://", s)
	}
	a, ok := addressOf(u)
	if !ok {
		return EntryPoint{}, fmt.Errorf("%.80q is not a plain URL of scheme, host and path", s)
	}
	if !isHostName(u.Hostname()) && net.ParseIP(u.Hostname()) == nil || !portNumber(u.Port()) {
		return EntryPoint{}, fmt.Errorf("%.80q names no host that a tag could name", s)
	}
	e := EntryPoint(a)
	if e.path != "" && !strings.HasSuffix(e.path, "/") {
		e.path += "/"
	}
	return e, nil
}

// portNumber takes a port as URLs write it, or none.
func portNumber(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0 && port[0] != '0'
}

// under returns what of the address follows the entry point.
func (e EntryPoint) under(a Address) (rest string, ok bool) {
	if a.origin != e.origin {
		return "", false
	}
	rest, ok = strings.CutPrefix(a.path+"/", e.path)
	return strings.TrimSuffix(rest, "/"), ok
}

var errAddress = errors.New("not a URL of scheme, host and path")

// ReadAddresses reads the map file: CSV of address and tag id, with or without
// the header "address,tag_id". All its faults are in the error, a line each.
func ReadAddresses(r io.Reader) (map[Address]string, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = 2
	c.TrimLeadingSpace = true
	c.Comment = '#'
	addresses := make(map[Address]string)
	var faults []error
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return addresses, errors.Join(faults...)
		}
		if err != nil {
			return nil, errors.Join(append(faults, err)...)
		}
		line, _ := c.FieldPos(0)
		if line == 1 && row[0] == "address" && row[1] == "tag_id" {
			continue
		}
		if err := addAddress(addresses, row[0], row[1]); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", line, err))
		}
	}
}

func addAddress(addresses map[Address]string, address, tag string) error {
	u, err := url.Parse(address)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%.80q is %w", address, errAddress)
	}
	a, ok := addressOf(u)
	if !ok {
		return fmt.Errorf("%.80q is %w", address, errAddress)
	}
	if !isTagID(tag) {
		return fmt.Errorf("%.80q is not a tag id; it begins with tag_", tag)
	}
	if other, ok := addresses[a]; ok && other != tag {
		return fmt.Errorf("%.80q stands for %s already", address, other)
	}
	addresses[a] = tag
	return nil
}
