// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"net/http"
	"testing"
	"time"
)

func TestParseRetryAfter(t *testing.T) {
	const date = "Mon, 08 Jun 2026 12:00:00 GMT"
	for _, tt := range []struct {
		name, header, date string
		status             int
		want               time.Duration
	}{
		{"seconds", "5", date, 429, 5 * time.Second},
		{"zero", "0", date, 503, 0},
		{"a day", "86400", date, 503, 24 * time.Hour},
		{"spaces", " 7 ", date, 429, 7 * time.Second},
		{"a date", "Mon, 08 Jun 2026 12:01:00 GMT", date, 429, time.Minute},
		{"a date in the past", "Mon, 08 Jun 2026 11:00:00 GMT", date, 429, 0},
		{"a date against a Date ten years off", "Mon, 08 Jun 2036 12:01:00 GMT", "Sun, 08 Jun 2036 12:00:00 GMT", 429,
			time.Minute},
		{"a date without a Date", "Mon, 08 Jun 2026 12:01:00 GMT", "", 429, 0},
		{"nothing", "", date, 429, 0},
		{"negative", "-5", date, 429, 0},
		{"more seconds than there are", "99999999999999999999", date, 429, (1<<31 - 1) * time.Second},
		{"a fraction", "1.5", date, 429, 0},
		{"words", "soon", date, 503, 0},
		{"of another status", "5", date, 500, 0},
		{"of a good answer", "5", date, 201, 0},
	} {
		resp := &http.Response{StatusCode: tt.status,
			Header: http.Header{"Retry-After": {tt.header}, "Date": {tt.date}}}
		if got := retryAfter(resp); got != tt.want {
			t.Errorf("%s: %q waits %v, want %v", tt.name, tt.header, got, tt.want)
		}
	}
}
