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
	// ErrBusy means that a lamp test may not begin.
	ErrBusy = errors.New("the lamps show a tap, or another test runs; try again in ten seconds")

	// ErrTap means that a tap ended a lamp test.
	ErrTap = errors.New("a tap came and needed the lamps; take the tag away and begin again")
)

// A testLine is one line of the answer to POST /leds/test: a step as it begins, or the end.
type testLine struct {
	Step  string `json:"step,omitempty"`
	End   bool   `json:"end,omitempty"`
	Tap   bool   `json:"tap,omitempty"` // a tap ended the test
	Error string `json:"error,omitempty"`
}

// testLamps tests the lamps, and writes one JSON object a line. A client that leaves
// ends the test.
func (a *API) testLamps(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()

	w.Header().Set("Content-Type", "application/x-ndjson")
	out := http.NewResponseController(w)

	write := func(l testLine) {
		b, err := json.Marshal(l)
		if err == nil {
			err = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}

		// Nobody reads any more: free the lamps.
		if err != nil || out.Flush() != nil {
			cancel()
		}
	}

	// Each step is sent as it begins: a technician compares it with the lamps.
	err := a.source.TestLamps(ctx, func(step string) { write(testLine{Step: step}) })
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
