// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// statusEvery is how often an event stream sends the status, if nothing happens. A
	// client takes it as a sign of life: the page gives up after 12 s without one.
	statusEvery = 5 * time.Second

	// writeTimeout is how long a client may take to accept what is written to it.
	writeTimeout = 5 * time.Second
)

// events streams what happens as server-sent events: lamps, scan and service as they
// come; status at once, after every scan and service, and every 5 s.
func (a *API) events(w http.ResponseWriter, r *http.Request) {
	notes := a.source.Feed.listen()
	if notes == nil {
		http.Error(w, "too many clients are listening; close a page that shows this station",
			http.StatusServiceUnavailable)
		return
	}
	defer a.source.Feed.leave(notes)

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")

	again := time.NewTicker(statusEvery)
	defer again.Stop()

	// The first event is the status, so that a client can show the station at once.
	status := func() note { return note{"status", a.source.Status()} }
	for n := status(); sendEvent(w, n) == nil; {
		// A scan or a service code changes the status: send that next.
		if n.event == "scan" || n.event == "service" {
			n = status()
			continue
		}

		// Notes are in order in their channel, and a status is complete at any time, so it
		// does not matter which case wins.
		var ok bool
		select {
		case <-r.Context().Done():
			return
		case n, ok = <-notes:
			if !ok { // the feed has dropped us: we were too slow
				return
			}
		case <-again.C:
			n = status()
		}
	}
}

func sendEvent(w http.ResponseWriter, n note) error {
	data, err := json.Marshal(n.data)
	if err != nil {
		return err
	}

	out := http.NewResponseController(w)
	if err := out.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}

	// JSON has no line ends, so one data line holds all of it.
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", n.event, data); err != nil {
		return err
	}
	return out.Flush()
}
