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

// A Source is a station, as far as it is asked.
type Source struct {
	Status func() Status
	Late   func() []string // the loops that are stuck
	Feed   *Feed

	// Walk tests the lamps until ctx ends, and tells each step as it begins. It
	// returns ErrBusy if it may not begin, and ErrTap if a tap ended it.
	Walk func(ctx context.Context, tell func(step string)) error
}

// An API answers for a station.
type API struct{ source Source }

func New(s Source) *API { return &API{source: s} }

// reads are what may be asked on the socket and on the page.
func (a *API) reads() *http.ServeMux {
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
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(append(b, '\n'))
}

// livez is what the watchdog sees.
func (a *API) livez(w http.ResponseWriter, _ *http.Request) {
	if late := a.source.Late(); len(late) > 0 {
		http.Error(w, "stuck: "+strings.Join(late, ", "), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "alive\n")
}

// readyz is whether a tap would bring a verdict.
func (a *API) readyz(w http.ResponseWriter, _ *http.Request) {
	s := a.source.Status()
	if !s.Reader.Up || s.Key.Refused || !s.Platform.Met || !s.Platform.Up {
		http.Error(w, s.Words, http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ready\n")
}

const (
	maxHeader  = 8 << 10 // bytes
	headWithin = 5 * time.Second
	idleWithin = 30 * time.Second
)

// Serve answers on l until ctx ends, and closes it. It returns why it ended before.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &http.Server{
		Handler:           h,
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: headWithin,
		IdleTimeout:       idleWithin,
		WriteTimeout:      writeWithin, // streams set their own, write by write
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withPeer,
		ErrorLog:          log.New(io.Discard, "", 0), // of clients, who may say what they like
	}
	context.AfterFunc(ctx, func() { s.Close() })
	err := s.Serve(l)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
