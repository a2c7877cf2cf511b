// SPDX-License-Identifier: Apache-2.0

//go:build browser

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/scan"
)

// TestBrowser has Chromium open the page: a station on the bench with taps that come, a
// service code, a lost daemon; a station whose every text is hostile; and a token. With
// SHOTS, pictures are left in that directory.
func TestBrowser(t *testing.T) {
	t.Run("live", func(t *testing.T) {
		address := freeAddress(t)
		r := startOnSimulatedReader(t, fmt.Sprintf("[page]\nlisten = %q\n", address))
		r.awaitPage(address)
		openInBrowser(t, "live", "http://"+address+"/", map[string]func(*http.Request){
			"/tap":           func(q *http.Request) { r.tap(q.FormValue("tag")) },
			"/platform-down": func(*http.Request) { r.bench.ClosePlatform() },
			"/kill": func(*http.Request) {
				r.daemon.Process().Kill()
				r.daemon.Wait()
			},
			"/start": func(*http.Request) { r.startDaemonAndAwaitReader() },
		})
	})

	t.Run("hostile", func(t *testing.T) {
		feed := api.NewFeed()
		feed.Past(hostileScan(1))
		feed.Past(hostileScan(2))
		address := serveHostilePage(t, feed, api.Token{})
		openInBrowser(t, "hostile", "http://"+address+"/", map[string]func(*http.Request){
			"/scan": func(*http.Request) { feed.Scan(hostileScan(3)) },
		})
	})

	t.Run("token", func(t *testing.T) {
		text := strings.Repeat("t0ken", 8)
		t.Setenv("TOKEN", text)
		token, err := api.ParseToken([]byte(text))
		if err != nil {
			t.Fatal(err)
		}

		openInBrowser(t, "token", "http://"+serveHostilePage(t, api.NewFeed(), token)+"/", nil)
	})
}

func openInBrowser(t *testing.T, scenario, url string, moves map[string]func(*http.Request)) {
	t.Helper()
	mux := http.NewServeMux()
	for path, move := range moves {
		mux.HandleFunc("POST "+path, func(_ http.ResponseWriter, r *http.Request) { move(r) })
	}

	control := httptest.NewServer(mux)
	defer control.Close()
	node := exec.Command("node", "page.mjs", scenario, url, control.URL, os.Getenv("SHOTS"))
	node.Dir = "../../api/browser"
	if out, err := node.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", scenario, err, out)
	}
}

// hostileText is everything that a text of others can try on a page.
const hostileText = `"'><script>window.pwned = 1</script><img src=x onerror="window.pwned = 2"> ` +
	"\u202egnp.exe\u202c \u2066\u200b\u0007\x1b[31m\x00\ue000 " +
	"\u0430\u0308\u0308\u0308\u0308\u0308 ${alert(1)} \u2028</bdi>\r\n\n"

func hostileScan(n uint64) scan.Record {
	return scan.Record{Seq: n, Time: time.Now(), Station: hostileText, Outcome: hostileText, Reason: hostileText,
		Tag: hostileText, UID: hostileText, Chip: strings.Repeat("W", 4000),
		CarriedSession: hostileText, Session: hostileText, Verification: hostileText}
}

func serveHostilePage(t *testing.T, feed *api.Feed, token api.Token) (address string) {
	t.Helper()
	lamp := api.LampStatus{Wired: true, Lit: true, Error: hostileText}
	a := api.New(api.Source{Feed: feed, Late: func() []string { return nil }, Status: func() api.Status {
		return api.Status{
			Station: hostileText, Version: hostileText, ServiceCode: 7,
			Service: hostileText, Mend: hostileText, Words: hostileText, Note: hostileText,
			Reader:   api.ReaderStatus{Device: hostileText, Error: hostileText},
			Lamps:    api.LampsStatus{Green: lamp, Red: lamp, Amber: lamp},
			Platform: api.PlatformStatus{URL: hostileText, Trouble: hostileText},
			Key:      api.KeyStatus{ID: hostileText},
			Storage:  api.StorageStatus{Error: hostileText},
			Scans:    feed.Scans(),
		}
	}})
	l, err := api.ListenPage("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	address = l.Addr().String()
	ended := make(chan error)
	go func() { ended <- api.Serve(t.Context(), l, a.Page(api.Page{Listen: address, Token: token})) }()
	t.Cleanup(func() { <-ended })
	return address
}
