// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter returns how long an answer of 429 or 503 asks to wait (RFC 9110, 10.2.3): seconds,
// or a date, which is compared with the answer's own Date and not with our clock. It returns 0
// for any other answer, and for a value that cannot be read.
func retryAfter(resp *http.Response) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}

	text := strings.TrimSpace(resp.Header.Get("Retry-After"))
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) { // beyond the range, ParseUint gives the largest
		return time.Duration(seconds) * time.Second
	}

	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0
	}

	return max(0, until.Sub(date))
}
