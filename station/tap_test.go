// SPDX-License-Identifier: Apache-2.0

package station

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/uplink"
)

// An approvingPlatform finds every proof valid, and hands over the bodies that it is sent.
type approvingPlatform chan string

func (v approvingPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost { // the station asks by itself too
		http.NotFound(w, r)
		return
	}

	body, _ := io.ReadAll(r.Body)
	v <- string(body)
	w.Header().Set("Content-Type", uplink.MediaType)
	w.WriteHeader(201)
	io.WriteString(w, `{"data":{"type":"verifications","id":"vrf_1","attributes":{"status":"valid"}}}`)
}

// readEarlyURL begins a tap up to its first URL, and gives it.
func (r *testStation) readEarlyURL(url string) reader.Tap {
	now := time.Now()
	tap := reader.Tap{UID: "04", Chip: reader.ChipNTAG424, URL: url, Entered: now, Read: now}
	r.enter()
	r.send(reader.Event{Kind: reader.EventURL, Tap: tap})
	return tap
}

func (r *testStation) finishTap(tap reader.Tap) {
	r.send(reader.Event{Kind: reader.EventTap, Tap: tap})
}

// unfinished are the scans that the journal of a station that has ended would come back with as unknown.
func (r *testStation) unfinished() []scan.Record {
	r.Helper()
	if err := r.station.Journal.Close(); err != nil {
		r.Fatal(err)
	}

	again, past := journal.Open(r.journal, journal.Options{})
	defer again.Close()
	return past.Scans[len(past.Scans)-past.Recovered:]
}

// What is read of a tap before the reader is done with it is prepared, and nothing of it
// leaves the station until the reader says that it counts.
func TestEarlyURLIsPostedOnlyIfItCounts(t *testing.T) {
	other := tagA + "2"
	for _, tt := range []struct {
		name            string
		url             string
		end             func(*testStation, reader.Tap)
		outcome, reason string
		sent            string // is in the one request's body; "": there was none
	}{
		{"counts", tagA, (*testStation).finishTap, "valid", "", `"e":"1"`},
		{"another was there", tagA, func(r *testStation, tap reader.Tap) {
			tap.URL, tap.Reason = "", scan.ReasonTwoTags
			r.finishTap(tap)
		}, "unreadable", "two_tags", ""},
		{"was torn and read again", tagA, func(r *testStation, tap reader.Tap) {
			tap.URL = other
			r.finishTap(tap)
		}, "valid", "", `"e":"12"`},
		{"was torn and turned foreign", tagA, func(r *testStation, tap reader.Tap) {
			tap.URL = "https://elsewhere.example/?x=1"
			r.finishTap(tap)
		}, "foreign", "entry_point", ""},
		{"was torn, foreign, and turned ours", "https://elsewhere.example/?x=1", func(r *testStation, tap reader.Tap) {
			tap.URL = tagA
			r.finishTap(tap)
		}, "valid", "", `"e":"1"`},
		{"is foreign", "https://elsewhere.example/?x=1", (*testStation).finishTap, "foreign", "entry_point", ""},
		{"is foreign beside another", "https://elsewhere.example/?x=1", func(r *testStation, tap reader.Tap) {
			tap.URL, tap.Reason = "", scan.ReasonTwoTags
			r.finishTap(tap)
		}, "unreadable", "two_tags", ""},
		{"the daemon ends", tagA, func(r *testStation, _ reader.Tap) { r.stop() }, "unreadable", "torn", ""},
		{"the reader goes on without an end", tagA, func(r *testStation, _ reader.Tap) { r.enter() }, "unreadable",
			"torn", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			platform := make(approvingPlatform, 10)
			r := newTestStation(t, platform)
			tap := r.readEarlyURL(tt.url)

			// Nothing may happen until the reader is done.
			select {
			case body := <-platform:
				t.Fatalf("%s was sent before the reader was done", body)
			case line := <-r.lines:
				t.Fatalf("%v before the reader was done", line)
			case <-time.After(100 * time.Millisecond): // some fifty times of what a scan takes
			}

			tt.end(r, tap)
			line := r.wantScan(tt.outcome, tt.reason)
			r.stop()
			close(platform)

			var sent []string
			for body := range platform {
				sent = append(sent, body)
			}

			if tt.sent == "" && len(sent) > 0 || tt.sent != "" &&
				(len(sent) != 1 || !strings.Contains(sent[0], tt.sent)) {
				t.Errorf("%q was sent, want one with %q or none without", sent, tt.sent)
			}
			if open := r.unfinished(); len(open) > 0 {
				t.Errorf("after %v the journal has %+v in flight", line, open)
			}
		})
	}
}

// A reader's process that has lost count costs taps, and holds nothing up.
func TestTapWithoutAnEndHoldsNothingUp(t *testing.T) {
	platform := make(approvingPlatform, 10)
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	r := newTestStationAt(t, server.URL+"/api/v1", nil, time.Second)
	r.readEarlyURL(tagA)
	r.wantScan("unreadable", "torn")

	r.readEarlyURL(tagA)
	tap := r.readEarlyURL(tagA)
	r.wantScan("unreadable", "torn")
	r.finishTap(tap)
	r.wantScan("valid", "")

	for _, url := range []string{tagA, "https://elsewhere.example/?x=1"} {
		again := r.readEarlyURL(tagA)
		again.URL = url
		r.send(reader.Event{Kind: reader.EventURL, Tap: again})
		r.wantScan("unreadable", "torn")
		r.wantScan("unreadable", "torn")
	}

	if n := len(platform); n != 1 {
		t.Errorf("%d requests, want one", n)
	}

	r.stop()
}
