// SPDX-License-Identifier: Apache-2.0

package chip

import "slices"

// issuedURLs records the URLs that a chip has given out completely: every byte of the NDEF message, in any number of
// pieces, all at the same count. If a reader joins halves of two counts, the URL that it builds is not in this record.
type issuedURLs struct {
	urls    []string
	current string // the URL of this count
	missing []bool // which bytes of its message have not been given yet; nil once all have
}

// begin starts a new count, which shows url.
func (i *issuedURLs) begin(url string) {
	i.current = url
	i.missing = slices.Repeat([]bool{true}, len(URIMessage(url)))
}

// give notes that a reader gets the bytes from…to of the message. Offsets outside of the message are ignored.
func (i *issuedURLs) give(from, to int) {
	if i.missing == nil {
		return
	}

	for at := max(from, 0); at < min(to, len(i.missing)); at++ {
		i.missing[at] = false
	}

	if !slices.Contains(i.missing, true) {
		i.urls, i.missing = append(i.urls, i.current), nil
	}
}
