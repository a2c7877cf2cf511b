// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	for s, want := range map[string]string{
		"key_1:abc":      "Bearer key_1:abc",
		"key_1:abc\n":    "Bearer key_1:abc",
		"key_1:abc\r\n":  "Bearer key_1:abc",
		"key_A-_9:!~+/=": "Bearer key_A-_9:!~+/=",

		"": "", "\n": "", "key_1:": "", "key_:abc": "", "1:abc": "",
		"key_1:a:b": "", "key_1:a b": "", " key_1:a": "", "key_1:é": "", "key_1:a\x00": "",
		"key_1:a\n\n": "", "key_1:a\nkey_2:b": "", "key_1:a\r\nX-Header: y": "",
	} {
		key, err := ParseKey([]byte(s))
		if got := key.bearer(); got != want || (err == nil) != (want != "") {
			t.Errorf("ParseKey(%q) = %q, %v; want %q", s, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "abc") {
			t.Errorf("ParseKey(%q) tells of the key: %v", s, err)
		}
	}
}

// However a key is printed, alone or inside of something, its secret is not.
func TestKeyIsRedacted(t *testing.T) {
	key := testKey(t)
	inside := struct {
		key   Key
		Shown Key
		ptr   *Key
	}{key, key, &key}

	var all strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&all, verb+"\n"+verb+"\n"+verb+"\n", key, &key, inside)
	}

	b, err := json.Marshal(inside)
	if err != nil {
		t.Fatal(err)
	}

	all.Write(b)
	fmt.Fprintln(&all, []Key{key}, map[string]Key{"k": key}, fmt.Errorf("with %v", key))
	if text := all.String(); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
		t.Errorf("the secret shows in:\n%s", text)
	}
	if got, want := key.String(), "key_test:redacted"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
