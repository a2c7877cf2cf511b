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

	"github.com/tagbase/tagbase-edge/internal/await"
)

const testToken = "0123456789abcdef0123456789abcdef"

// A testStation answers as the test says, on its socket and on a page.
type testStation struct {
	*testing.T
	feed    *Feed
	path    string // of the socket
	api     *API
	refuses error // of testLamps

	mu     sync.Mutex
	status Status
	late   []string
}

func newTestStation(t *testing.T) *testStation {
	t.Helper()
	r := &testStation{T: t, feed: NewFeed(), path: filepath.Join(t.TempDir(), "api.sock"), status: Status{
		Station:  "rig",
		Version:  "1.2.3",
		OK:       true,
		Service:  "none",
		Words:    "reader ready, platform reached",
		Reader:   ReaderStatus{Up: true},
		Platform: PlatformStatus{Up: true, Met: true},
		Started:  time.Unix(1700000000, 0),
		Figures: Figures{
			Requests:    map[string]uint64{"2xx": 3, "none": 0},
			JournalErrs: map[string]uint64{"sync": 4},
		},
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
		Feed:      r.feed,
		TestLamps: r.testLamps,
	})

	l, err := Listen(r.path)
	if err != nil {
		t.Fatal(err)
	}

	r.serve(l, r.api.Socket())
	return r
}

// testLamps shows two steps and then waits for the end of ctx, or refuses.
func (r *testStation) testLamps(ctx context.Context, tell func(string)) error {
	if r.refuses != nil {
		return r.refuses
	}

	tell("green lamp")
	tell("red lamp")
	<-ctx.Done()
	return ctx.Err()
}

func (r *testStation) serve(l net.Listener, h http.Handler) {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- Serve(ctx, l, h) }()
	r.Cleanup(func() {
		cancel()
		if err := await.Value(r, "the end of the serving", ended); err != nil {
			r.Error(err)
		}
	})
}

// servePage serves the page as if it listened on p.Listen. It returns where it really listens.
func (r *testStation) servePage(p Page) (address string) {
	r.Helper()
	l, err := ListenPage("127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}

	r.serve(l, r.api.Page(p))
	return l.Addr().String()
}

// request sends a request, with the host and the headers ("Name: value") as given.
func (r *testStation) request(address, method, path, host string, headers ...string) (*http.Response, string) {
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

	resp, err := (&http.Client{Timeout: await.Patience}).Do(req)
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

// getFromSocket sends a GET to the socket.
func (r *testStation) getFromSocket(path string) (int, string) {
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
