// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
)

// A Token is the secret that the page asks for. A Token holds only its hash. The zero
// Token is no token.
type Token struct {
	set bool
	sum [sha256.Size]byte
}

// ErrToken means that the text is not a token. It does not repeat the text, which is a
// secret all the same.
var ErrToken = errors.New("it must be one line of 32 to 128 letters and digits, such as of openssl rand -hex 32")

// tokenLetters need no escaping in a header, nor behind # in an address: hex and
// base64url both fit.
const tokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// ParseToken reads a token from the content of its file, with or without a newline.
func ParseToken(b []byte) (Token, error) {
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))

	// 32 hex digits are 128 bits, which nobody can guess.
	if len(b) < 32 || len(b) > 128 || len(bytes.Trim(b, tokenLetters)) > 0 {
		return Token{}, ErrToken
	}
	return Token{true, sha256.Sum256(b)}, nil
}

// Set returns whether there is a token.
func (t Token) Set() bool { return t.set }

// is takes the same time for every text, so that nobody can guess the token letter by letter.
func (t Token) is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1
}
