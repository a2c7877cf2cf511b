// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	statusEvery = 5 * time.Second // of an event stream, also its sign of life
	writeWithin = 5 * time.Second // for a client to take what is written
)

// events streams what happens as server-sent events: lamps, scan and service as they
// come; status at once, after each scan and service, and each 5 s.
func (a *API) events(w http.ResponseWriter, r *http.Request) {
	notes := a.source.Feed.listen()
	if notes == nil {
		http.Error(w, "too many listen already; close a page that shows this station", http.StatusServiceUnavailable)
		return
	}
	defer a.source.Feed.leave(notes)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	again := time.NewTicker(statusEvery)
	defer again.Stop()
	status := func() note { return note{"status", a.source.Status()} }
	for n := status(); sendEvent(w, n) == nil; {
		if n.event == "scan" || n.event == "service" {
			n = status()
			continue
		}
		var ok bool
		select {
		case <-r.Context().Done():
			return
		case n, ok = <-notes:
			if !ok {
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
	if err := out.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", n.event, data); err != nil {
		return err
	}
	return out.Flush()
}
