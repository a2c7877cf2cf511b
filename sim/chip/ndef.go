// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"fmt"
	"strings"
)

// uriPrefixes are the abbreviations of the NFC Forum's URI record type definition, table 3, longest first.
var uriPrefixes = []struct {
	text string
	code byte
}{
	{"https://www.", 0x02},
	{"http://www.", 0x01},
	{"https://", 0x04},
	{"http://", 0x03},
}

// uriMax is the longest URL, in bytes behind its abbreviated prefix. The message has 5 bytes more, and so still fits
// the NDEF TLV of a Type 2 tag whose length is one byte, FE at most (NFC Forum T2T section 4).
const uriMax = 249

// URIMessage returns an NDEF message of one short, well-known URI record: D1 01 LEN 'U' CODE REST.
// It panics if the URL is too long for any chip here; URLs are constants of the bench.
func URIMessage(url string) []byte {
	code, rest := byte(0), url
	for _, p := range uriPrefixes {
		if after, ok := strings.CutPrefix(url, p.text); ok {
			code, rest = p.code, after
			break
		}
	}

	if len(rest) > uriMax {
		panic(fmt.Sprintf("chip: URL of %d bytes does not fit a tag", len(url)))
	}

	return append([]byte{0xD1, 0x01, byte(1 + len(rest)), 'U', code}, rest...)
}
