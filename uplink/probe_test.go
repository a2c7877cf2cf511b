// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/scan"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// watched is a platform behind a server that knows one key, and the log of what
// was asked of it.
type watched struct {
	*Platform
	key   atomic.Value // what the server takes, as a header
	mu    sync.Mutex
	calls []string
	told  chan scan.Reason // the trouble after each probe
}

func newWatched(t *testing.T, reload func() (Key, error)) *watched {
	t.Helper()
	w := &watched{told: make(chan scan.Reason, 100)}
	w.key.Store("Bearer key_test:" + secret)
	w.Platform = serve(t, func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.calls = append(w.calls, r.Method+" "+r.URL.Path)
		w.mu.Unlock()

		switch {
		case r.Header.Get("Authorization") != w.key.Load():
			answer(rw, 401, nil)
		case r.Method == http.MethodGet:
			answer(rw, 404, nil)
		default:
			answer(rw, 201, answerOf("pending"))
		}
	})

	w.reload = reload
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { w.Watch(ctx, func() { w.told <- w.Trouble() }, func() {}) })
	t.Cleanup(func() {
		cancel()
		watching.Wait()
	})

	return w
}

// want waits for the next probe, after which the trouble is this.
func (w *watched) want(t *testing.T, trouble scan.Reason) {
	t.Helper()
	if got := await.Value(t, "a probe", w.told); got != trouble {
		t.Fatalf("after a probe the trouble is %q, want %q", got, trouble)
	}
}

// await waits for a probe after which the trouble is this; others may come before.
func (w *watched) await(t *testing.T, trouble scan.Reason) {
	t.Helper()
	await.Until(t, fmt.Sprintf("a probe after which the trouble is %q", trouble), func() bool {
		select {
		case got := <-w.told:
			return got == trouble
		default:
			return false
		}
	})
}

func (w *watched) posts() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()

	for _, call := range w.calls {
		if strings.HasPrefix(call, "POST") {
			n++
		}
	}

	return n
}

// A refused key is used for no more posts, and a tap has it tried by a GET at
// once; it is used again when the platform takes it.
func TestRefusedKeyIsPostedNoMore(t *testing.T) {
	w := newWatched(t, nil)
	w.key.Store("another")
	if r := submit(t, w.Platform, scanA); r.Outcome != scan.Refused || r.Reason != scan.ReasonKey {
		t.Fatalf("%s %s, want refused key", r.Outcome, r.Reason)
	}

	for range 5 {
		if r := submit(t, w.Platform, scanA); r.Outcome != scan.NotSent || r.Reason != scan.ReasonKey {
			t.Fatalf("%s %s, want not_sent key", r.Outcome, r.Reason)
		}
	}

	w.want(t, scan.ReasonKey)
	if n := w.posts(); n != 1 {
		t.Errorf("%d posts with a bad key, want 1", n)
	}

	w.mu.Lock()
	calls := len(w.calls)
	w.mu.Unlock()
	if calls != 2 {
		t.Errorf("%d requests for six taps, want one post and one probe", calls)
	}

	w.key.Store("Bearer key_test:" + secret)
	w.lastAsk.Store(int64(-askEvery)) // five seconds pass
	submit(t, w.Platform, scanA)
	w.want(t, "")
	if r := submit(t, w.Platform, scanA); r.Outcome != scan.Pending {
		t.Errorf("%s %s, want pending", r.Outcome, r.Reason)
	}
}

// Another key ends the latch: one that is set, and one that the file holds.
func TestAnotherKeyEndsTheLatch(t *testing.T) {
	other, err := ParseKey([]byte("key_other:y"))
	if err != nil {
		t.Fatal(err)
	}

	t.Run("set", func(t *testing.T) {
		w := newWatched(t, nil)
		w.key.Store("Bearer key_other:y")
		submit(t, w.Platform, scanA)
		w.SetKey(other)
		w.await(t, "")
		if r := submit(t, w.Platform, scanA); r.Outcome != scan.Pending {
			t.Errorf("%s %s, want pending", r.Outcome, r.Reason)
		}
	})

	t.Run("read again", func(t *testing.T) {
		w := newWatched(t, func() (Key, error) { return other, nil })
		w.key.Store("Bearer key_other:y")
		submit(t, w.Platform, scanA)
		w.await(t, "") // within rereadEvery
		if r := submit(t, w.Platform, scanA); r.Outcome != scan.Pending {
			t.Errorf("%s %s, want pending", r.Outcome, r.Reason)
		}
	})
}

// After five failures a tap is told at once, and one GET that is answered lets
// taps through again.
func TestBreakerOpensAfterFiveFailures(t *testing.T) {
	var up atomic.Bool
	server, p := newBadServer(t, func(c *simplatform.Call) {
		switch {
		case !up.Load():
			c.Reset()
		case !c.Handshake():
		default:
			if r, ok := c.ReadHead(); ok && r.Method == http.MethodGet {
				c.Answer(404, "")
			} else {
				c.Answer(201, validAnswer)
			}
		}
	})

	long := time.Now().Add(-time.Minute) // no resends
	for range breakerFailures {
		if r := submitWithin(p, scanA, long, 8*time.Second); r.Reason != scan.ReasonNetwork {
			t.Fatalf("%s %s, want not_sent network", r.Outcome, r.Reason)
		}
	}

	calls := server.Connections()
	if r := submitWithin(p, scanA, long, 8*time.Second); r.Outcome != scan.NotSent || r.Reason != scan.ReasonBreaker {
		t.Errorf("%s %s, want not_sent breaker", r.Outcome, r.Reason)
	}

	p.ConnectAhead()
	if got := server.Connections(); got != calls {
		t.Errorf("%d connections while the breaker is open", got-calls)
	}

	up.Store(true)
	told := make(chan bool, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	go p.Watch(ctx, func() { told <- true }, func() {})
	await.Value(t, "a probe", told) // the tap above has asked for it

	if r := submit(t, p, scanA); r.Outcome != scan.Valid {
		t.Errorf("%s %s (%v), want valid", r.Outcome, r.Reason, r.Err)
	}
}

// A probe is one GET of a session that cannot exist, with the key and no body,
// and is not repeated.
func TestProbeIsOneGET(t *testing.T) {
	for status, want := range map[int]scan.Reason{404: "", 401: scan.ReasonKey, 500: scan.ReasonServer,
		503: scan.ReasonServer, 302: scan.ReasonServer} {
		var got []string
		p := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Accept"))
			answer(w, status, nil)
		})

		if result := p.probe(t.Context()); result.reason != want || result.status != status {
			t.Errorf("%d: %+v, want reason %q", status, result, want)
		}
		if want := "GET /api/v1/sessions/ses_tagbase-edge-probe Bearer key_test:" + secret + " " +
			MediaType; len(got) != 1 || got[0] != want {
			t.Errorf("%d: asked %q, want %q once", status, got, want)
		}
	}
}
