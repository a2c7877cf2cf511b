// SPDX-License-Identifier: Apache-2.0

package uplink

import "strings"

// isWord tells whether s is of letters, digits, _ and - alone, 1 to longest bytes. Patterns of package regexp would cost
// either process of a station a millisecond and half a megabyte at its start.
func isWord(s string, longest int) bool {
	if s == "" || len(s) > longest {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// isID tells whether s is one of the platform's ids: a prefix and a word.
func isID(s, prefix string, longest int) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	return ok && isWord(rest, longest)
}

func isTagID(s string) bool          { return isID(s, "tag_", 64) }
func isVerificationID(s string) bool { return isID(s, "vrf_", 128) }
func isSessionID(s string) bool      { return isID(s, "ses_", 128) }

// isSecret tells whether s is 1 to 256 visible ASCII characters without a colon.
func isSecret(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' || s[i] == ':' {
			return false
		}
	}
	return true
}

// isHostName tells whether s is words joined by single dots.
func isHostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !isWord(label, len(s)) {
			return false
		}
	}
	return true
}
