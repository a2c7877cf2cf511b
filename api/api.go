// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"
)

// A Source is the station that an API answers for. Any goroutine may call its functions.
type Source struct {
	Status func() Status
	Late   func() []string // names of the loops that are stuck
	Feed   *Feed

	// TestLamps tests the lamps until ctx ends, and calls tell as each step begins. It
	// returns ErrBusy if the test may not begin, and ErrTap if a tap ended it.
	TestLamps func(ctx context.Context, tell func(step string)) error
}

// An API answers for one station. Its handlers are those of Socket and of Page.
type API struct{ source Source }

// New returns the API of a station.
func New(s Source) *API { return &API{source: s} }

// readOnly returns the requests that both the socket and the page answer.
func (a *API) readOnly() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", a.status)
	mux.HandleFunc("GET /events", a.events)
	mux.HandleFunc("GET /metrics", a.metrics)
	mux.HandleFunc("GET /livez", a.livez)
	mux.HandleFunc("GET /readyz", a.readyz)
	return mux
}

func (a *API) status(w http.ResponseWriter, _ *http.Request) {
	b, err := json.Marshal(a.source.Status())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}

	// A status is old a second later: nobody between us and the client may keep it.
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(append(b, '\n'))
}

// livez answers what systemd's watchdog goes by: 503 if a loop of the daemon is stuck.
func (a *API) livez(w http.ResponseWriter, _ *http.Request) {
	if late := a.source.Late(); len(late) > 0 {
		http.Error(w, "stuck: "+strings.Join(late, ", "), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "alive\n")
}

// readyz answers 503 if a tap would not bring a verdict now.
func (a *API) readyz(w http.ResponseWriter, _ *http.Request) {
	s := a.source.Status()
	if !s.Reader.Up || s.Reader.Blocked() || s.Key.Refused || !s.Platform.Met || !s.Platform.Up {
		http.Error(w, s.Words, http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

const (
	maxHeader     = 8 << 10         // bytes; a browser sends one or two KiB
	headerTimeout = 5 * time.Second // for a client to send its header
	idleTimeout   = 30 * time.Second
)

// Serve answers on l until ctx ends, and closes l. It returns nil if ctx ended it, and
// otherwise the error that did.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	s := &http.Server{
		Handler:           h,
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      writeTimeout, // a stream sets its own for every write
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withPeer,
		ErrorLog:          log.New(io.Discard, "", 0), // clients could fill the log with what they send
	}

	// Close also ends streams, which a graceful Shutdown would wait for.
	context.AfterFunc(ctx, func() { s.Close() })

	err := s.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
