// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
)

// A Token is what the page asks of whoever is not on the board. Only its hash is
// kept. The zero Token is none.
type Token struct {
	set bool
	sum [sha256.Size]byte
}

// ErrToken is all that is said of a token that does not look like one.
var ErrToken = errors.New("it must be one line of 32 to 128 letters and digits, such as of openssl rand -hex 32")

const tokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// ParseToken takes a token as it stands in its file, with or without a newline.
func ParseToken(b []byte) (Token, error) {
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	if len(b) < 32 || len(b) > 128 || len(bytes.Trim(b, tokenLetters)) > 0 {
		return Token{}, ErrToken
	}
	return Token{true, sha256.Sum256(b)}, nil
}

// Set tells whether there is a token.
func (t Token) Set() bool { return t.set }

func (t Token) is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1
}
