// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"
)

// ErrNoDaemon means that nobody listens on the socket.
var ErrNoDaemon = errors.New("no daemon answers there")

const (
	askTimeout = 5 * time.Second // for an answer to begin, and for all of a status
	maxAnswer  = 1 << 20         // bytes; a status has a few KiB
)

// A Client asks a daemon through its socket.
type Client struct {
	http *http.Client
	path string
}

// NewClient returns a client of the daemon whose socket has this path.
func NewClient(path string) *Client {
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives:     true,
		ResponseHeaderTimeout: askTimeout,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: askTimeout}
			return d.DialContext(ctx, "unix", path)
		},
	}}}
}

// do sends a request. Its error is ErrNoDaemon or fs.ErrPermission where a command has
// its own advice.
func (c *Client) do(ctx context.Context, method, path string) (*http.Response, error) {
	// HTTP wants a host; the dialer above ignores it.
	req, err := http.NewRequestWithContext(ctx, method, "http://daemon"+path, nil)
	if err != nil {
		return nil, err
	}

	resp, err := c.http.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%s: %w", c.path, ErrNoDaemon)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: %w", c.path, fs.ErrPermission)
	case err != nil:
		// Unwrap leaves out the made-up URL.
		return nil, fmt.Errorf("%s: the daemon does not answer: %w", c.path, errors.Unwrap(err))
	}
	return resp, nil
}

// Status asks for the station's status. raw is the JSON that the daemon sent.
func (c *Client) Status(ctx context.Context) (s Status, raw []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()

	resp, err := c.do(ctx, http.MethodGet, "/status")
	if err != nil {
		return Status{}, nil, err
	}
	defer resp.Body.Close()

	raw, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return Status{}, nil, c.badAnswer(err)
	}
	return s, raw, nil
}

// TestLamps asks the daemon to test its lamps, and calls tell as each step begins. It
// returns ErrTap if a tap ended the test. If ctx ends, so does the test.
func (c *Client) TestLamps(ctx context.Context, tell func(step string)) error {
	resp, err := c.do(ctx, http.MethodPost, "/leds/test")
	if err != nil {
		return err
	}
	defer resp.Body.Close()

	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var l testLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return c.badAnswer(err)
		}

		switch {
		case l.Tap:
			return ErrTap
		case l.Error != "":
			return errors.New(l.Error)
		case l.End:
			return nil
		}
		tell(l.Step)
	}

	// The daemon darkens the lamps when it stops.
	return fmt.Errorf("%s: the daemon stopped; the lamps are dark", c.path)
}

// badAnswer is the error of an answer that we cannot read.
func (c *Client) badAnswer(err error) error {
	return fmt.Errorf("%s: cannot read the daemon's answer: %w; is the daemon of the same version?", c.path, err)
}
