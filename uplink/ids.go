// SPDX-License-Identifier: Apache-2.0

package uplink

import "strings"

// isWord reports whether s is 1 to longest bytes of letters, digits, _ and -. It compares bytes
// since package regexp would cost each process of a station about a millisecond and half a
// megabyte at its start (measured on an amd64 board).
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

// isID reports whether s is one of the platform's ids: a prefix and a word.
func isID(s, prefix string, longest int) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	return ok && isWord(rest, longest)
}

// The longest id that the platform gives has 30 characters; these bounds keep a hostile one out
// of paths, logs and the journal.
func isTagID(s string) bool          { return isID(s, "tag_", 64) }
func isVerificationID(s string) bool { return isID(s, "vrf_", 128) }
func isSessionID(s string) bool      { return isID(s, "ses_", 128) }

// isSecret reports whether s is 1 to 256 visible ASCII characters without a colon.
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

// isHostName reports whether s is words joined by single dots.
func isHostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !isWord(label, len(s)) {
			return false
		}
	}

	return true
}
