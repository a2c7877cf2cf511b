// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	patience = 20 * time.Second
	word     = "0123456789abcdef0123456789abcdef"
)

// A rig is a station that answers as the test says, on its socket and on a page.
type rig struct {
	*testing.T
	feed    *Feed
	path    string // of the socket
	api     *API
	refuses error // of Walk

	mu     sync.Mutex
	status Status
	late   []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, feed: NewFeed(), path: filepath.Join(t.TempDir(), "api.sock"), status: Status{
		Station: "rig", Version: "1.2.3", OK: true, Service: "none", Words: "reader ready, platform reached",
		Reader: Reader{Up: true}, Platform: Platform{Up: true, Met: true}, Started: time.Unix(1700000000, 0),
		Figures: Figures{Requests: map[string]uint64{"2xx": 3, "none": 0}, JournalErrs: map[string]uint64{"sync": 4}},
	}}
	r.api = New(Source{
		Status: func() Status {
			r.mu.Lock()
			defer r.mu.Unlock()
			s := r.status
			s.Scans = r.feed.Scans()
			return s
		},
		Late: func() []string {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.late
		},
		Feed: r.feed,
		Walk: r.walk,
	})
	l, err := Listen(r.path)
	if err != nil {
		t.Fatal(err)
	}
	r.serve(l, r.api.Socket())
	return r
}

// walk shows two steps, then waits for its end, or refuses.
func (r *rig) walk(ctx context.Context, tell func(string)) error {
	if r.refuses != nil {
		return r.refuses
	}
	tell("green lamp")
	tell("red lamp")
	<-ctx.Done()
	return ctx.Err()
}

func (r *rig) serve(l net.Listener, h http.Handler) {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- Serve(ctx, l, h) }()
	r.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			r.Error(err)
		}
	})
}

// page serves the page as one that listens on that address, wherever it really does.
func (r *rig) page(p Page) (address string) {
	r.Helper()
	l, err := ListenPage("127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	r.serve(l, r.api.Page(p))
	return l.Addr().String()
}

// ask sends a request as it stands, host and all.
func (r *rig) ask(address, method, path, host string, headers ...string) (*http.Response, string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, "http://"+address+path, nil)
	if err != nil {
		r.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return resp, string(body)
}

// get asks at the socket.
func (r *rig) get(path string) (int, string) {
	r.Helper()
	resp, err := NewClient(r.path).do(r.Context(), http.MethodGet, path)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
