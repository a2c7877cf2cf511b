// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
)

func tagsOf(t *testing.T, entryPoints ...string) Tags {
	t.Helper()
	var tags Tags

	for _, s := range entryPoints {
		e, err := ParseEntryPoint(s)
		if err != nil {
			t.Fatal(err)
		}
		tags.EntryPoints = append(tags.EntryPoints, e)
	}

	return tags
}

func TestSubmissionOfATapURL(t *testing.T) {
	tags := tagsOf(t, "https://tap.example.com/", "https://Example.org:8443/shop/t")
	long := strings.Repeat("x", 64)
	tests := []struct {
		name, url string
		tag       string
		err       error
	}{
		{"plain", "https://tap.example.com/tag_a?e=1", "tag_a", nil},
		{"every letter", "https://tap.example.com/tag_aZ0_-?e=1", "tag_aZ0_-", nil},
		{"upper case scheme and host", "HTTPS://TAP.Example.COM/tag_a?e=1", "tag_a", nil},
		{"default port", "https://tap.example.com:443/tag_a?e=1", "tag_a", nil},
		{"fragment", "https://tap.example.com/tag_a?e=1#top", "tag_a", nil},
		{"fragment that is no URL", "https://tap.example.com/tag_a?e=1#%zz", "tag_a", nil},
		{"port and path", "https://example.org:8443/shop/t/tag_a?e=1", "tag_a", nil},
		{"escaped letters of the path", "https://example.org:8443/%73hop/t/tag_a?e=1", "tag_a", nil},
		{"longest id", "https://tap.example.com/tag_" + long + "?e=1", "tag_" + long, nil},

		{"other scheme", "http://tap.example.com/tag_a?e=1", "", ErrEntryPoint},
		{"other host", "https://tap.example.net/tag_a?e=1", "", ErrEntryPoint},
		{"longer host", "https://tap.example.com.evil.net/tag_a?e=1", "", ErrEntryPoint},
		{"host with a dot at its end", "https://tap.example.com./tag_a?e=1", "", ErrEntryPoint},
		{"other port", "https://tap.example.com:8443/tag_a?e=1", "", ErrEntryPoint},
		{"no port after its colon", "https://tap.example.com:/tag_a?e=1", "", ErrEntryPoint},
		{"user", "https://tap.example.com@evil.net/tag_a?e=1", "", ErrEntryPoint},
		{"user of ours", "https://me:pw@tap.example.com/tag_a?e=1", "", ErrEntryPoint},
		{"half a segment", "https://example.org:8443/shop/tag_a?e=1", "", ErrEntryPoint},
		{"longer segment", "https://example.org:8443/shop/tt/tag_a?e=1", "", ErrEntryPoint},
		{"dot segments", "https://example.org:8443/shop/t/../t/tag_a?e=1", "", ErrEntryPoint},
		{"escaped dot segments", "https://example.org:8443/shop/t/%2e%2e/tag_a?e=1", "", ErrEntryPoint},
		{"escaped slash", "https://tap.example.com/x%2Ftag_a?e=1", "", ErrEntryPoint},
		{"backslash", `https://tap.example.com\tag_a?e=1`, "", ErrEntryPoint},
		{"empty segment", "https://tap.example.com//tag_a?e=1", "", ErrEntryPoint},
		{"no scheme", "tap.example.com/tag_a?e=1", "", ErrEntryPoint},
		{"opaque", "https:tap.example.com/tag_a?e=1", "", ErrEntryPoint},
		{"control character", "https://tap.example.com/tag_a?e=1\r\nX: y", "", ErrEntryPoint},
		{"nothing", "", "", ErrEntryPoint},

		{"no id", "https://tap.example.com/?e=1", "", ErrTagID},
		{"no path", "https://tap.example.com?e=1", "", ErrTagID},
		{"other prefix", "https://tap.example.com/ses_a?e=1", "", ErrTagID},
		{"empty id", "https://tap.example.com/tag_?e=1", "", ErrTagID},
		{"too long an id", "https://tap.example.com/tag_" + long + "x?e=1", "", ErrTagID},
		{"id that is a path", "https://tap.example.com/tag_a/verifications?e=1", "", ErrTagID},
		{"slash behind the id", "https://tap.example.com/tag_a/?e=1", "", ErrTagID},
		{"id with an escape", "https://tap.example.com/tag_%3F?e=1", "", ErrTagID},
		{"id and a new line", "https://tap.example.com/tag_a%0A?e=1", "", ErrTagID},
		{"id in the query", "https://tap.example.com/?id=tag_a", "", ErrTagID},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sub, err := tags.Submission(tt.url)
			if sub.Tag != tt.tag || !errors.Is(err, tt.err) {
				t.Errorf("Scan(%q) = %q, %v; want %q, %v", tt.url, sub.Tag, err, tt.tag, tt.err)
			}
		})
	}
}

func TestParametersOfAQuery(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d=v&", i)
		}
		return strings.TrimSuffix(b.String(), "&")
	}

	tests := []struct {
		name, query string
		want        map[string]string // nil: refused
	}{
		{"two", "e=EF96&c=94EE", map[string]string{"e": "EF96", "c": "94EE"}},
		{"decoded once", "a=%252B%2B+%26", map[string]string{"a": "%2B+ &"}},
		{"key decoded too", "a%20b=1", map[string]string{"a b": "1"}},
		{"without a value", "a&b=", map[string]string{"a": "", "b": ""}},
		{"equals signs in a value", "a=b=c==", map[string]string{"a": "b=c=="}},
		{"nothing between two", "a=1&&b=2&", map[string]string{"a": "1", "b": "2"}},
		{"any letters", "a=%E2%82%AC%00%3Cscript%3E", map[string]string{"a": "€\x00<script>"}},
		{"names that mean something elsewhere", "type=x&id=y&__proto__=z",
			map[string]string{"type": "x", "id": "y", "__proto__": "z"}},
		{"2 KiB", "a=" + strings.Repeat("x", 2046), map[string]string{"a": strings.Repeat("x", 2046)}},

		{"none", "", nil},
		{"only separators", "&&", nil},
		{"twice", "a=1&a=1", nil},
		{"twice in two spellings", "a=1&%61=1", nil},
		{"bad escape", "a=%zz", nil},
		{"cut escape", "a=%4", nil},
		{"bad escape in a key", "%zz=1", nil},
		{"semicolon", "a=1;b=2", nil},
		{"no key", "=1", nil},
		{"not UTF-8", "a=%ff", nil},
		{"key not UTF-8", "%ff=1", nil},
		{"33", many(33), nil},
		{"more than 2 KiB", "a=" + strings.Repeat("x", 2047), nil},
	}

	tags := tagsOf(t, "https://tap.example.com")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sub, err := tags.Submission("https://tap.example.com/tag_a?" + tt.query)
			if tt.want == nil {
				if !errors.Is(err, ErrParameters) {
					t.Errorf("%q gave %q, %v; want ErrParameters", tt.query, sub.Params, err)
				}
				return
			}

			if err != nil || !maps.Equal(sub.Params, tt.want) {
				t.Errorf("%q gave %q, %v; want %q", tt.query, sub.Params, err, tt.want)
			}
		})
	}

	if sub, err := tags.Submission("https://tap.example.com/tag_a?" + many(32)); err != nil || len(sub.Params) != 32 {
		t.Errorf("32 parameters: %d, %v", len(sub.Params), err)
	}
}

func TestAddressMapGivesTheTagID(t *testing.T) {
	tags := tagsOf(t, "https://tap.example.com/")
	var err error
	tags.Addresses, err = ReadAddresses(strings.NewReader("address,tag_id\n" +
		"https://tap.example.com/chair/7,tag_chair\n\n# the old shop\n" +
		"HTTPS://tap.example.com:443/,tag_root\nhttps://elsewhere.example/,tag_else\n"))
	if err != nil {
		t.Fatal(err)
	}

	for url, want := range map[string]string{
		"https://tap.example.com/chair/7?e=1":  "tag_chair",
		"https://tap.example.com/?e=1":         "tag_root",
		"https://tap.example.com?e=1":          "tag_root",
		"https://tap.example.com/chair/8?e=1":  "",
		"https://tap.example.com/chair/7/?e=1": "",
		"https://elsewhere.example/?e=1":       "",
	} {
		if sub, _ := tags.Submission(url); sub.Tag != want {
			t.Errorf("%s is %q, want %q", url, sub.Tag, want)
		}
	}

	for _, bad := range []string{
		"https://a.example/,chair\n",
		"https://a.example/?x=1,tag_a\n",
		"a,b,c\n",
		"https://a.example/,tag_a\nhttps://a.example:443/,tag_b\n",
		"/chair,tag_a\n",
	} {
		if _, err := ReadAddresses(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v, want an error that names its line", bad, err)
		}
	}
}

func TestParseEntryPoint(t *testing.T) {
	for _, bad := range []string{
		"", "tap.example.com", "https://", "ftp://a.example/", "http://a.example/",
		"https://u@a.example/", "https://a.example/?x", "https://a.example/#x",
		"https://a.example/../", "https://a.example//x", "https://*/", "https://a.example./", "https://a b.example/",
		"https://a.example:99999/", "https://a.example:0443/", "https://a.example:0/",
	} {
		if _, err := ParseEntryPoint(bad); err == nil {
			t.Errorf("%q was taken for an entry point", bad)
		}
	}

	for _, good := range []string{"https://a.example", "https://a.example:8443/x/", "http://127.0.0.1:80/",
		"http://localhost/x", "https://[2001:db8::1]/"} {
		if _, err := ParseEntryPoint(good); err != nil {
			t.Error(err)
		}
	}
}
