// SPDX-License-Identifier: Apache-2.0

package api

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func parsedToken(t *testing.T) Token {
	t.Helper()
	token, err := ParseToken([]byte(testToken + "\n"))
	if err != nil {
		t.Fatal(err)
	}

	return token
}

// The page answers to its own names alone, so that it does not open under another
// site's name that points to it (DNS rebinding).
func TestPageAnswersToItsOwnNamesAlone(t *testing.T) {
	r := newTestStation(t)

	board := r.servePage(Page{Listen: "127.0.0.1:8077", Host: "gate-1"})
	lan := r.servePage(Page{Listen: "0.0.0.0:8077", Token: parsedToken(t), Host: "gate-1.example.lan"})
	for _, tt := range []struct {
		host       string
		board, lan bool
	}{
		{"127.0.0.1:8077", true, true},
		{"localhost:8077", true, true},
		{"LOCALHOST:8077", true, true},
		{"localhost:9000", true, true}, // a tunnel's other end
		{"localhost", true, true},
		{"[::1]:8077", true, true},
		{"127.8.8.8", true, true},
		{"192.168.1.7:8077", false, true},
		{"[fe80::1]:8077", false, true},
		{"gate-1", false, true},
		{"gate-1.local:8077", false, true},
		{"gate-1.example.lan", false, true},
		{"evil.example", false, false},
		{"localhost.evil.example:8077", false, false},
		{"127.0.0.1.evil.example", false, false},
		{"gate-1.evil.example", false, false},
		{"127.0.0.1@evil.example", false, false},
		{"0x7f000001", false, false},
		{"", true, true}, // the address it listens on
	} {
		for address, open := range map[string]bool{board: tt.board, lan: tt.lan} {
			resp, body := r.request(address, "GET", "/status", tt.host, "Authorization: Bearer "+testToken)
			want := http.StatusMisdirectedRequest
			if open {
				want = http.StatusOK
			}
			if resp.StatusCode != want {
				t.Errorf("Host %q (lan %v): %d %s, want %d", tt.host, address == lan, resp.StatusCode, body, want)
			}
			if !open && strings.Contains(body, "rig") {
				t.Errorf("Host %q gets the station's status: %s", tt.host, body)
			}
		}
	}
}

// Without the token a client gets the page's own files, and nothing of the station.
func TestPageShowsNothingOfTheStationWithoutToken(t *testing.T) {
	r := newTestStation(t)

	page := r.servePage(Page{Listen: "192.168.1.7:8077", Token: parsedToken(t)})
	paths := []string{
		"/status", "/events", "/metrics", "/livez", "/readyz", "/leds/test", "/?token=" + testToken, "/nothing",
	}

	for _, shown := range []string{
		"",
		"Authorization: Bearer " + testToken + "x",
		"Authorization: Bearer ",
		"Authorization: Basic " + testToken,
		"Authorization: bearer" + testToken,
		"Authorization: " + testToken,
		"Cookie: token=" + testToken,
	} {
		var headers []string
		if shown != "" {
			headers = []string{shown}
		}

		for _, path := range paths {
			resp, body := r.request(page, "GET", path, "", headers...)

			want := http.StatusUnauthorized
			if strings.HasPrefix(path, "/?") { // the page's own file
				want = http.StatusOK
			}
			if resp.StatusCode != want || strings.Contains(body, "1.2.3") {
				t.Errorf("%s with %q: %d, want %d\n%s", path, shown, resp.StatusCode, want, body)
			}
		}
	}

	for _, path := range []string{"/status", "/metrics", "/livez", "/readyz"} {
		if resp, _ := r.request(page, "GET", path, "", "Authorization: Bearer "+testToken); resp.StatusCode != 200 {
			t.Errorf("%s with the token: %d", path, resp.StatusCode)
		}
	}
}

func TestParseToken(t *testing.T) {
	for text, good := range map[string]bool{
		testToken:                true,
		testToken + "\n":         true,
		testToken + "\r\n":       true,
		strings.Repeat("a", 128): true,

		"":                       false,
		testToken[1:]:            false,
		testToken + " ":          false,
		testToken + "\n\n":       false,
		testToken + "ü":          false,
		strings.Repeat("a", 129): false,
	} {
		if token, err := ParseToken([]byte(text)); (err == nil) != good || token.Set() != good {
			t.Errorf("%q: %v", text, err)
		}
	}

	if (Token{}).is("") {
		t.Error("an empty text passes as the token that is not set")
	}
}

// The page changes nothing, answers no request from another site's page, and sends the
// headers with which the browser enforces that.
func TestPageIsReadOnly(t *testing.T) {
	r := newTestStation(t)

	page := r.servePage(Page{Listen: "127.0.0.1:8077"})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"} {
		for _, path := range []string{"/", "/status", "/leds/test"} {
			if resp, _ := r.request(page, method, path, ""); resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, resp.StatusCode)
			}
		}
	}

	if resp, _ := r.request(page, "GET", "/leds/test", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the page has /leds/test: %d", resp.StatusCode)
	}

	for _, tt := range []struct {
		path, site, mode string
		want             int
	}{
		{"/status", "same-origin", "cors", 200},
		{"/status", "none", "navigate", 200},
		{"/status", "cross-site", "navigate", 403},
		{"/status", "cross-site", "cors", 403},
		{"/status", "same-site", "no-cors", 403},
		{"/events", "cross-site", "no-cors", 403},
		{"/", "cross-site", "navigate", 200},
		{"/", "cross-site", "no-cors", 403},
		{"/page.js", "cross-site", "no-cors", 403},
	} {
		resp, _ := r.request(page, "GET", tt.path, "",
			"Sec-Fetch-Site: "+tt.site, "Sec-Fetch-Mode: "+tt.mode, "Origin: https://evil.example")
		if resp.StatusCode != tt.want {
			t.Errorf("%s from %s, %s: %d, want %d", tt.path, tt.site, tt.mode, resp.StatusCode, tt.want)
		}

		for name := range resp.Header {
			if strings.HasPrefix(name, "Access-Control-") || name == "Set-Cookie" {
				t.Errorf("%s answers with %s", tt.path, name)
			}
		}
	}

	for _, path := range []string{"/", "/page.js", "/page.css", "/icon.svg", "/status", "/nothing", "/livez"} {
		resp, _ := r.request(page, "GET", path, "")
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none';") || strings.ContainsRune(csp, '*') ||
			strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}

		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff",
			"Referrer-Policy":        "no-referrer",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", path, name, got, want)
			}
		}
	}
}

// The page's files hold no inline code, load nothing from elsewhere, and never turn text
// into markup.
func TestPageFilesHoldNoInlineCodeAndNoMarkupFromText(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|` +
		`\bon[a-z]+=|style=|<style|https?://|@import|url\(|javascript:`)
	namespace := strings.NewReplacer(`xmlns="http://www.w3.org/2000/svg"`, "")
	err := fs.WalkDir(assets, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}

		b, err := fs.ReadFile(assets, path)
		if found := forbidden.FindString(namespace.Replace(string(b))); found != "" {
			t.Errorf("%s holds %q", path, found)
		}

		return err
	})

	if err != nil {
		t.Error(err)
	}
}

func TestCheckListenTellsLoopbackFromOthers(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8077":        "board",
		"localhost:8077":        "board",
		"[::1]:8077":            "board",
		"127.1.2.3:1":           "board",
		"[::ffff:127.0.0.1]:80": "board",

		"0.0.0.0:8077":      "others",
		"[::]:8077":         "others",
		"192.168.1.7:8077":  "others",
		"[fe80::1%eth0]:80": "others",

		"":                  "wrong",
		":8077":             "wrong",
		"8077":              "wrong",
		"127.0.0.1":         "wrong",
		"gate-1:8077":       "wrong",
		"127.0.0.1:http":    "wrong",
		"localhost.evil:80": "wrong",
		"127.0.0.1:70000":   "wrong",
	} {
		loopback, err := CheckListen(address)
		got := map[bool]string{true: "board", false: "others"}[loopback]
		if err != nil {
			got = "wrong"
		}
		if got != want {
			t.Errorf("%q is %s, want %s", address, got, want)
		}
	}
}
