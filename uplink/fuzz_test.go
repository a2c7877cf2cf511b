// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/scan"
)

func FuzzTapURL(f *testing.F) {
	for _, s := range []string{
		"https://tap.example.com/tag_a?e=1&c=2", "https://tap.example.com:443/tag_a?e=%2B+%20",
		"https://tap.example.com/../tag_a?e=1", "https://u:p@tap.example.com/tag_a?e=1",
		"https://tap.example.com/shop?x=1", "https://tap.example.com/tag_a?e=1&e=2",
		"https://tap.example.com/tag_a?e=%zz", "https://tap.example.com/tag_a?e=1;c=2",
		"https://tap.example.com/tag_a?e=1#%",
	} {
		f.Add(s)
	}

	entry, _ := ParseEntryPoint("https://tap.example.com/")
	shop, _ := url.Parse("https://tap.example.com/shop")
	address, _ := addressOf(shop)
	tags := Tags{EntryPoints: []EntryPoint{entry}, Addresses: map[Address]string{address: "tag_shop"}}

	f.Fuzz(func(t *testing.T, tapURL string) {
		sub, err := tags.Submission(tapURL)
		if err != nil {
			return
		}

		whole, _, _ := strings.Cut(tapURL, "#") // a fragment is ignored, whatever it is
		u, err := url.Parse(whole)
		if err != nil || !strings.EqualFold(u.Scheme, "https") || !strings.EqualFold(u.Hostname(), "tap.example.com") {
			t.Fatalf("%q passed as one of ours", tapURL)
		}
		if !isTagID(sub.Tag) {
			t.Fatalf("tag %q", sub.Tag)
		}
		if sub.Tag != "tag_shop" && !strings.HasSuffix(u.Path, "/"+sub.Tag) {
			t.Fatalf("tag %q is not the end of %q", sub.Tag, u.Path)
		}

		query, err := url.ParseQuery(u.RawQuery)
		if err != nil || len(query) != len(sub.Params) || len(query) > maxParams {
			t.Fatalf("parameters %q of %q (%v)", sub.Params, u.RawQuery, err)
		}

		for key, values := range query {
			if len(values) != 1 || values[0] != sub.Params[key] {
				t.Fatalf("parameter %q is %q, want %q", key, sub.Params[key], values)
			}
		}

		body, err := encodeSubmission(sub)
		if err != nil {
			t.Fatal(err)
		}

		var doc struct {
			Data struct{ Attributes map[string]string }
		}
		if err := json.Unmarshal(body, &doc); err != nil || !maps.Equal(doc.Data.Attributes, sub.Params) {
			t.Fatalf("the body holds %q (%v), want %q", doc.Data.Attributes, err, sub.Params)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(answerOf("valid"))
	f.Add(answerOf("pending"))
	f.Add([]byte(`{"data":{"type":"verifications","id":"vrf_1","attributes":{"status":"invalid"}}}`))
	f.Add([]byte(`{"data":[]}`))
	header := http.Header{"Content-Type": {MediaType}, "Date": {"Mon, 08 Jun 2026 12:34:57 GMT"}}

	f.Fuzz(func(t *testing.T, body []byte) {
		outcome, v, err := decodeVerification(header, bytes.NewReader(body), "tag_a")
		if err != nil {
			return
		}
		if outcome != scan.Pending && outcome != scan.Valid && outcome != scan.Invalid {
			t.Fatalf("outcome %q", outcome)
		}

		// Nothing less than a JSON document that says so in so many words.
		if !json.Valid(body) || !bytes.Contains(body, []byte(`vrf_`)) && !bytes.Contains(body, []byte(`\u`)) {
			t.Fatalf("%q was taken for a verification", body)
		}

		if !isVerificationID(v.ID) || v.Session != "" && !isSessionID(v.Session) || v.Age < 0 {
			t.Fatalf("%+v", v)
		}
		if outcome == scan.Pending && v.Session == "" {
			t.Fatal("pending without a session")
		}
	})
}

func answerOf(status string) []byte {
	return []byte(`{"data":{"type":"verifications","id":"vrf_1",` +
		`"attributes":{"status":"` + status + `","inserted_at":"2026-06-08T12:34:56.123456Z"},` +
		`"relationships":{"session":{"data":{"type":"sessions","id":"ses_1"}},` +
		`"tag":{"data":{"type":"tags","id":"tag_a"}}}}}`)
}
