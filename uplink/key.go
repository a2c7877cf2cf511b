// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Key is the station's credential at the platform, key_<id>:<secret>. However it is printed,
// encoded or logged, its secret does not appear.
type Key struct {
	id string
	// Behind a pointer, fmt shows an address even where it finds the field by
	// reflection and asks no method.
	secret *string
}

// ErrKey is the only error about a key that does not look like one: any more could quote a secret.
var ErrKey = errors.New("it must be one line of the form key_<id>:<secret>, as the platform showed it once")

// ParseKey parses the content of a key file, with or without a newline at its end. The error is
// ErrKey.
func ParseKey(b []byte) (Key, error) {
	line := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	id, secret, _ := strings.Cut(line, ":")

	if !isID(id, "key_", 64) || !isSecret(secret) {
		return Key{}, ErrKey
	}

	return Key{id: id, secret: &secret}, nil
}

// bearer is the value of the Authorization header (RFC 6750, 2.1); "" without a key.
func (k Key) bearer() string {
	if k.secret == nil {
		return ""
	}

	return "Bearer " + k.id + ":" + *k.secret
}

// String shows the key's public half.
func (k Key) String() string {
	if k.id == "" {
		return "no key"
	}

	return k.id + ":redacted"
}

// Format prints the key's public half, whatever the verb: %#v and %s as well as %v.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// MarshalText gives encoders the key's public half.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
