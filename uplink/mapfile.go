// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/url"
)

var errAddress = errors.New("not a URL of scheme, host and path")

// ReadAddresses reads tags.map_file: CSV of address and tag id, with or without the header
// "address,tag_id". The error holds all faults of the file, one a line.
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
		// Behind a line that is not CSV, nothing can be read.
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

// addAddress adds one row to the map, or says what is wrong with the row.
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

	// The same row twice does no harm; two tags for one address would.
	if other, ok := addresses[a]; ok && other != tag {
		return fmt.Errorf("%.80q stands for %s already", address, other)
	}
	addresses[a] = tag

	return nil
}
