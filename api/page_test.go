// SPDX-License-Identifier: Apache-2.0

package api

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func parsed(t *testing.T) Token {
	t.Helper()
	token, err := ParseToken([]byte(word + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A page answers to its own names alone, so that no other site's name that is pointed
// at it (DNS rebinding) opens it.
func TestHosts(t *testing.T) {
	r := newRig(t)
	board := r.page(Page{Listen: "127.0.0.1:8077", Host: "gate-1"})
	lan := r.page(Page{Listen: "0.0.0.0:8077", Token: parsed(t), Host: "gate-1.example.lan"})
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
			resp, body := r.ask(address, "GET", "/status", tt.host, "Authorization: Bearer "+word)
			want := http.StatusMisdirectedRequest
			if open {
				want = http.StatusOK
			}
			if resp.StatusCode != want {
				t.Errorf("Host %q (lan %v): %d %s, want %d", tt.host, address == lan, resp.StatusCode, body, want)
			}
			if !open && strings.Contains(body, "rig") {
				t.Errorf("Host %q is told of the station: %s", tt.host, body)
			}
		}
	}
}

// Whoever cannot show the token sees the page's own files and nothing of the station.
func TestToken(t *testing.T) {
	r := newRig(t)
	page := r.page(Page{Listen: "192.168.1.7:8077", Token: parsed(t)})
	for _, shown := range []string{"", "Authorization: Bearer " + word + "x", "Authorization: Bearer ", "Authorization: Basic " + word,
		"Authorization: bearer" + word, "Authorization: " + word, "Cookie: token=" + word} {
		var headers []string
		if shown != "" {
			headers = []string{shown}
		}
		for _, path := range []string{"/status", "/events", "/metrics", "/livez", "/readyz", "/leds/test", "/?token=" + word, "/nothing"} {
			resp, body := r.ask(page, "GET", path, "", headers...)
			file := strings.HasPrefix(path, "/?")
			if want := map[bool]int{true: 200, false: 401}[file]; resp.StatusCode != want || strings.Contains(body, "1.2.3") {
				t.Errorf("%s with %q: %d, want %d\n%s", path, shown, resp.StatusCode, want, body)
			}
		}
	}
	for _, path := range []string{"/status", "/metrics", "/livez", "/readyz"} {
		if resp, _ := r.ask(page, "GET", path, "", "Authorization: Bearer "+word); resp.StatusCode != 200 {
			t.Errorf("%s with the token: %d", path, resp.StatusCode)
		}
	}
}

func TestParseToken(t *testing.T) {
	for text, good := range map[string]bool{
		word: true, word + "\n": true, word + "\r\n": true, strings.Repeat("a", 128): true,
		"": false, word[1:]: false, word + " ": false, word + "\n\n": false, strings.Repeat("a", 129): false, word + "ü": false,
	} {
		if token, err := ParseToken([]byte(text)); (err == nil) != good || token.Set() != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if (Token{}).is("") {
		t.Error("no token is shown by an empty one")
	}
}

// The page changes nothing, answers no other site's page, and tells the browser so.
func TestPageIsReadOnly(t *testing.T) {
	r := newRig(t)
	page := r.page(Page{Listen: "127.0.0.1:8077"})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"} {
		for _, path := range []string{"/", "/status", "/leds/test"} {
			if resp, _ := r.ask(page, method, path, ""); resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, resp.StatusCode)
			}
		}
	}
	if resp, _ := r.ask(page, "GET", "/leds/test", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the page has /leds/test: %d", resp.StatusCode)
	}
	for _, tt := range []struct {
		path, site, mode string
		want             int
	}{
		{"/status", "cross-site", "navigate", 403}, {"/status", "same-origin", "cors", 200}, {"/status", "none", "navigate", 200},
		{"/status", "cross-site", "cors", 403}, {"/status", "same-site", "no-cors", 403}, {"/events", "cross-site", "no-cors", 403},
		{"/", "cross-site", "navigate", 200}, {"/", "cross-site", "no-cors", 403}, {"/page.js", "cross-site", "no-cors", 403},
	} {
		resp, _ := r.ask(page, "GET", tt.path, "", "Sec-Fetch-Site: "+tt.site, "Sec-Fetch-Mode: "+tt.mode, "Origin: https://evil.example")
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
		resp, _ := r.ask(page, "GET", path, "")
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none';") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") ||
			resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

// The page's files hold nothing inline and nothing from elsewhere, and make no text markup.
func TestAssets(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|\bon[a-z]+=|style=|<style|https?://|@import|url\(|javascript:`)
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

func TestCheckListen(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8077": "board", "localhost:8077": "board", "[::1]:8077": "board", "127.1.2.3:1": "board", "[::ffff:127.0.0.1]:80": "board",
		"0.0.0.0:8077": "others", "[::]:8077": "others", "192.168.1.7:8077": "others", "[fe80::1%eth0]:80": "others",
		"": "wrong", ":8077": "wrong", "8077": "wrong", "127.0.0.1": "wrong", "gate-1:8077": "wrong", "127.0.0.1:http": "wrong", "localhost.evil:80": "wrong",
		"127.0.0.1:70000": "wrong",
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
