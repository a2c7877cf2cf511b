// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// checkRefusal sends req and expects one JSON:API error with the same status as HTTP's.
func checkRefusal(t *testing.T, rig *platformRig, req *http.Request, want int) {
	t.Helper()
	resp, body := rig.do(t, req)
	var document struct {
		Errors []struct{ Status, Title string }
	}

	if err := json.Unmarshal([]byte(body), &document); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if resp.StatusCode != want || len(document.Errors) != 1 ||
		document.Errors[0].Status != strconv.Itoa(want) || document.Errors[0].Title == "" {
		t.Errorf("got %s %s, want %d", resp.Status, body, want)
	}
}

func TestRequestsAreRefused(t *testing.T) {
	const scans = "/tags/tag_424/verifications"
	good := scanBody(params{"x": "1"}, "")
	tests := []struct {
		name, method, path, body string
		header, value            string // sent instead; "" leaves the header out
		want                     int
	}{
		{"no key", "POST", scans, good, "Authorization", "", 401},
		{"other key", "POST", scans, good, "Authorization", "Bearer key_1:other", 401},
		{"part of the key", "POST", scans, good, "Authorization", "Bearer key_1", 401},
		{"other scheme", "POST", scans, good, "Authorization", "Basic " + testKey, 401},
		{"no key, session", "GET", "/sessions/ses_0", "", "Authorization", "", 401},
		{"body of another type", "POST", scans, good, "Content-Type", "application/json", 415},
		{"body with a charset", "POST", scans, good, "Content-Type", mediaType + "; charset=utf-8", 415},
		{"body of no type", "POST", scans, good, "Content-Type", "", 415},
		{"GET with a body of another type", "GET", "/sessions/ses_0", "{}", "Content-Type", "text/plain", 415},
		{"other Accept", "POST", scans, good, "Accept", "application/json", 406},
		{"any Accept", "GET", "/sessions/ses_0", "", "Accept", "*/*", 406},
		{"no Accept", "GET", "/sessions/ses_0", "", "Accept", "", 404},
		{"unknown tag", "POST", "/tags/tag_0/verifications", good, "", "", 404},
		{"unwritten tag", "POST", "/tags/tag_unwritten/verifications", good, "", "", 404},
		{"unknown session", "GET", "/sessions/ses_0", "", "", "", 404},
		{"list of sessions", "GET", "/sessions", "", "", "", 404},
		{"scans read", "GET", scans, "", "", "", 404},
		{"session posted", "POST", "/sessions/ses_0", good, "", "", 404},
		{"scan put", "PUT", scans, good, "", "", 404},
		{"session deleted", "DELETE", "/sessions/ses_0", "", "", "", 404},
		{"other collection of a tag", "POST", "/tags/tag_424/scans", good, "", "", 404},
		{"trailing slash", "POST", scans + "/", good, "", "", 404},
		{"doubled slash", "POST", "/" + scans, good, "", "", 404},
		{"outside the base path", "POST", "/../v2" + scans, good, "", "", 404},
		{"empty body", "POST", scans, "", "", "", 400},
		{"large body", "POST", scans, scanBody(params{"x": strings.Repeat("x", maxBody)}, ""), "", "", 413},
	}

	rig := newPlatformRig(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := rig.request(t, tt.method, tt.path, tt.body)
			if tt.header != "" {
				req.Header.Del(tt.header)
			}
			if tt.value != "" {
				req.Header.Set(tt.header, tt.value)
			}

			checkRefusal(t, rig, req, tt.want)
		})
	}
}

func TestDocumentsAreRefused(t *testing.T) {
	const session = `{"data":{"type":"verifications","attributes":{"x":"1"},"relationships":`
	tests := []struct {
		name, body string
		want       int
	}{
		{"not JSON", `{"data":`, 400},
		{"two documents", `{"data":{"type":"verifications","attributes":{"x":"1"}}}{}`, 400},
		{"array", `[]`, 400},
		{"null", `null`, 400},
		{"no data", `{}`, 400},
		{"data is null", `{"data":null}`, 400},
		{"data is an array", `{"data":[{"type":"verifications","attributes":{"x":"1"}}]}`, 400},
		{"data in capitals", `{"Data":{"type":"verifications","attributes":{"x":"1"}}}`, 400},
		{"unknown member at the top", `{"data":{"type":"verifications","attributes":{"x":"1"}},"extra":1}`, 400},
		{"unknown member in data", `{"data":{"type":"verifications","attributes":{"x":"1"},"id":"vrf_1"}}`, 400},
		{"no type", `{"data":{"attributes":{"x":"1"}}}`, 400},
		{"other type", `{"data":{"type":"verification","attributes":{"x":"1"}}}`, 400},
		{"type is null", `{"data":{"type":null,"attributes":{"x":"1"}}}`, 400},
		{"attributes are an array", `{"data":{"type":"verifications","attributes":["x"]}}`, 400},
		{"no attributes", `{"data":{"type":"verifications"}}`, 422},
		{"empty attributes", `{"data":{"type":"verifications","attributes":{}}}`, 422},
		{"attribute is a number", `{"data":{"type":"verifications","attributes":{"x":1}}}`, 422},
		{"attribute is null", `{"data":{"type":"verifications","attributes":{"x":null}}}`, 422},
		{"relationships are null", session + `null}}`, 400},
		{"unknown relationship", session + `{"tag":{"data":{"type":"tags","id":"tag_424"}}}}}`, 400},
		{"session is null", session + `{"session":null}}}`, 400},
		{"session without data", session + `{"session":{}}}}`, 400},
		{"session data is an array", session + `{"session":{"data":[]}}}}`, 400},
		{"session without id", session + `{"session":{"data":{"type":"sessions"}}}}}`, 400},
		{"session without type", session + `{"session":{"data":{"id":"ses_1"}}}}}`, 400},
		{"session of another type", session + `{"session":{"data":{"type":"tags","id":"ses_1"}}}}}`, 422},
		{"session with an empty id", session + `{"session":{"data":{"type":"sessions","id":""}}}}}`, 422},
	}

	rig := newPlatformRig(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkRefusal(t, rig, rig.request(t, "POST", "/tags/tag_424/verifications", tt.body), tt.want)
		})
	}

	for _, v := range rig.Posts() {
		if v.Session != "" || v.ID != "" {
			t.Errorf("refused scan %d made %s in %s", v.Seq, v.ID, v.Session)
		}
	}
}

func TestEmptyRelationshipsCarryNothing(t *testing.T) {
	_, session, ref := parseScan([]byte(`{"data":{"type":"verifications","attributes":{"x":"1"},"relationships":{}}}`))
	if ref != nil || session != "" {
		t.Errorf("got session %q, %v, want none", session, ref)
	}
}
