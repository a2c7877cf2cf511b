// SPDX-License-Identifier: Apache-2.0

// Package terminal makes text of others safe to print.
//
// A tag's URL, a platform's answer or a damaged journal can hold escape sequences that
// move a terminal's cursor, change its title or type for the user, and characters that
// turn the direction of text around. Whatever this program did not write itself passes
// through here before it is printed.
package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Quote returns text unchanged if all of it is printable ASCII, and as a quoted Go string
// with escapes otherwise. It is for values in a table: nothing is lost.
func Quote(text string) string {
	for _, r := range text {
		if !plain(r) {
			return strconv.QuoteToASCII(text)
		}
	}
	return text
}

// Printable returns text with a ? in place of every character that is not printable
// (unicode.IsPrint). It is for sentences, which may hold letters of any language.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// EscapeJSON writes every character of a JSON text that is not printable ASCII as \u and
// four digits (RFC 8259, section 7): encoding/json leaves DEL and characters such as U+202E as
// they are. Line feeds stay, since JSON has them only between values.
func EscapeJSON(text []byte) []byte {
	var b []byte
	for _, r := range string(text) {
		switch {
		case plain(r), r == '\n':
			b = append(b, byte(r))
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}

// plain tells whether r is printable ASCII.
func plain(r rune) bool { return r >= ' ' && r <= '~' }
