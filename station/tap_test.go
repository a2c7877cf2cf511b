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

// A valid platform finds every proof valid, and tells of the bodies that it is sent.
type valid chan string

func (v valid) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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

// proves begins a tap up to its first URL, and gives it.
func (r *rig) proves(url string) reader.Tap {
	now := time.Now()
	tap := reader.Tap{UID: "04", Chip: reader.ChipNTAG424, URL: url, Entered: now, Read: now}
	r.enter()
	r.send(reader.Event{Kind: reader.EventURL, Tap: tap})
	return tap
}

func (r *rig) ends(tap reader.Tap) { r.send(reader.Event{Kind: reader.EventTap, Tap: tap}) }

// unfinished are the scans that the journal of a station that has ended would come back with as unknown.
func (r *rig) unfinished() []scan.Record {
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
func TestProved(t *testing.T) {
	other := tagA + "2"
	for _, tt := range []struct {
		name            string
		url             string
		end             func(*rig, reader.Tap)
		outcome, reason string
		sent            string // is in the one request's body; "": there was none
	}{
		{"counts", tagA, (*rig).ends, "valid", "", `"e":"1"`},
		{"another was there", tagA, func(r *rig, tap reader.Tap) {
			tap.URL, tap.Reason = "", scan.ReasonTwoTags
			r.ends(tap)
		}, "unreadable", "two_tags", ""},
		{"was torn and read anew", tagA, func(r *rig, tap reader.Tap) {
			tap.URL = other
			r.ends(tap)
		}, "valid", "", `"e":"12"`},
		{"was torn and turned foreign", tagA, func(r *rig, tap reader.Tap) {
			tap.URL = "https://elsewhere.example/?x=1"
			r.ends(tap)
		}, "foreign", "entry_point", ""},
		{"was torn, foreign, and turned ours", "https://elsewhere.example/?x=1", func(r *rig, tap reader.Tap) {
			tap.URL = tagA
			r.ends(tap)
		}, "valid", "", `"e":"1"`},
		{"is foreign", "https://elsewhere.example/?x=1", (*rig).ends, "foreign", "entry_point", ""},
		{"is foreign beside another", "https://elsewhere.example/?x=1", func(r *rig, tap reader.Tap) {
			tap.URL, tap.Reason = "", scan.ReasonTwoTags
			r.ends(tap)
		}, "unreadable", "two_tags", ""},
		{"the daemon ends", tagA, func(r *rig, _ reader.Tap) { r.stop() }, "unreadable", "torn", ""},
		{"the reader goes on without an end", tagA, func(r *rig, _ reader.Tap) { r.enter() }, "unreadable", "torn", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			platform := make(valid, 10)
			r := newRig(t, platform)
			tap := r.proves(tt.url)
			select {
			case body := <-platform:
				t.Fatalf("%s was sent before the reader was done", body)
			case line := <-r.lines:
				t.Fatalf("%v before the reader was done", line)
			case <-time.After(100 * time.Millisecond): // some fifty times of what a scan takes
			}
			tt.end(r, tap)
			line := r.want(tt.outcome, tt.reason)
			r.stop()
			close(platform)
			var sent []string
			for body := range platform {
				sent = append(sent, body)
			}
			if tt.sent == "" && len(sent) > 0 || tt.sent != "" && (len(sent) != 1 || !strings.Contains(sent[0], tt.sent)) {
				t.Errorf("%q was sent, want one with %q or none without", sent, tt.sent)
			}
			if open := r.unfinished(); len(open) > 0 {
				t.Errorf("after %v the journal has %+v in flight", line, open)
			}
		})
	}
}

// A reader's process that has lost count costs taps, and holds nothing up.
func TestProvedWithoutAnEnd(t *testing.T) {
	platform := make(valid, 10)
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	r := newRigAt(t, server.URL+"/api/v1", nil, time.Second)
	r.proves(tagA)
	r.want("unreadable", "torn")
	r.proves(tagA)
	tap := r.proves(tagA)
	r.want("unreadable", "torn")
	r.ends(tap)
	r.want("valid", "")
	for _, url := range []string{tagA, "https://elsewhere.example/?x=1"} {
		again := r.proves(tagA)
		again.URL = url
		r.send(reader.Event{Kind: reader.EventURL, Tap: again})
		r.want("unreadable", "torn")
		r.want("unreadable", "torn")
	}
	if n := len(platform); n != 1 {
		t.Errorf("%d requests, want one", n)
	}
	r.stop()
}
