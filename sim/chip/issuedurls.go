// SPDX-License-Identifier: Apache-2.0

package chip

import "slices"

// issuedURLs are the URLs that a chip has given whole: every byte of the NDEF message, in whatever pieces, at one and the
// same count. A reader that joins halves of two counts has a URL that is not among them.
type issuedURLs struct {
	urls    []string
	url     string
	missing []bool // bytes of the message not given yet; nil: all were
}

// begin is a new count.
func (i *issuedURLs) begin(url string) {
	i.url = url
	i.missing = slices.Repeat([]bool{true}, len(URIMessage(url)))
}

// give is bytes of the message that a reader gets; what lies outside of it does not matter.
func (i *issuedURLs) give(from, to int) {
	if i.missing == nil {
		return
	}
	for at := max(from, 0); at < min(to, len(i.missing)); at++ {
		i.missing[at] = false
	}
	if !slices.Contains(i.missing, true) {
		i.urls, i.missing = append(i.urls, i.url), nil
	}
}
