// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

var (
	// ErrBusy is a test of the lamps that may not begin.
	ErrBusy = errors.New("the lamps show a tap, or another test; try again in ten seconds")
	// ErrTap is one that a tap ended.
	ErrTap = errors.New("a tap came, and the lamps are for it; take the tag away and begin again")
)

// A testLine is a line of what POST /leds/test answers: a step as it begins, and at
// the end that it is the end.
type testLine struct {
	Step  string `json:"step,omitempty"`
	End   bool   `json:"end,omitempty"`
	Tap   bool   `json:"tap,omitempty"` // which ended it
	Error string `json:"error,omitempty"`
}

// testLamps walks the lamps, and writes a JSON object a line. A client that leaves
// ends it.
func (a *API) testLamps(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := http.NewResponseController(w)
	write := func(l testLine) {
		b, err := json.Marshal(l)
		if err == nil {
			err = out.SetWriteDeadline(time.Now().Add(writeWithin))
		}
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
		if err != nil || out.Flush() != nil {
			cancel()
		}
	}
	err := a.source.Walk(ctx, func(step string) { write(testLine{Step: step}) })
	switch {
	case errors.Is(err, ErrBusy):
		w.WriteHeader(http.StatusConflict)
		write(testLine{End: true, Error: err.Error()})
	case err != nil:
		write(testLine{End: true, Tap: errors.Is(err, ErrTap), Error: err.Error()})
	default:
		write(testLine{End: true})
	}
}
