// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const sessionAnswer = `{"data":{"type":"sessions","id":"ses_1","attributes":{"inserted_at":"2026-06-08T12:34:56.5Z"},` +
	`"relationships":{"tag":{"data":{"type":"tags","id":"tag_a"}}}}}`

func TestOutcomeOfEachSessionAnswer(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(sessionAnswer, old, new, 1) }
	for _, tt := range []struct {
		name, id string
		status   int
		body     string
		want     error
	}{
		{"there is one", "ses_1", 200, sessionAnswer, nil},
		{"there is none", "ses_1", 404, "", ErrNoSession},
		{"bad key", "ses_1", 401, "", ErrKeyRefused},
		{"refused", "ses_1", 400, sessionAnswer, ErrUnusable},
		{"redirected", "ses_1", 302, "", ErrUnusable},
		{"another session", "ses_2", 200, sessionAnswer, ErrUnusable},
		{"not a session", "ses_1", 200, replace(`"sessions"`, `"tags"`), ErrUnusable},
		{"no tag", "ses_1", 200, replace(`tag_a`, `a`), ErrUnusable},
		{"no time", "ses_1", 200, replace(`2026-06-08T`, ``), ErrUnusable},
		{"not JSON", "ses_1", 200, "{", ErrUnusable},
		{"not an id", "../tags/tag_a", 200, sessionAnswer, ErrSessionID},
	} {
		var asked atomic.Int32
		p := serve(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			w.Header().Set("Date", "Mon, 08 Jun 2026 12:35:00 GMT")
			answer(w, tt.status, []byte(tt.body))
		})

		got, err := p.Session(t.Context(), tt.id)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}

		if tt.want == nil {
			want := Session{"ses_1", "tag_a", time.Date(2026, 6, 8, 12, 34, 56, 5e8, time.UTC), 3500 * time.Millisecond}
			if got != want {
				t.Errorf("%s: %+v, want %+v", tt.name, got, want)
			}
		}

		if n := asked.Load(); n > 1 || tt.want == ErrSessionID && n > 0 {
			t.Errorf("%s: asked %d times", tt.name, n)
		}
	}
}

// A GET is asked again until it is answered, or its deadline has come.
func TestSessionIsAskedForAgainUntilItsDeadline(t *testing.T) {
	var asked atomic.Int32
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); {
		case n <= 2:
			answer(w, 503, nil)

		case n == 3:
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()

		default:
			answer(w, 200, []byte(sessionAnswer))
		}
	})

	if _, err := p.Session(t.Context(), "ses_1"); err != nil || asked.Load() != 4 {
		t.Errorf("%v after %d requests, want none after 4", err, asked.Load())
	}

	asked.Store(-1 << 20)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()

	if _, err := p.Session(ctx, "ses_1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
}
