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

// ErrNoDaemon is a socket behind which nobody is.
var ErrNoDaemon = errors.New("no daemon answers there")

const (
	askWithin = 5 * time.Second
	maxAnswer = 1 << 20 // bytes
)

// A Client asks a daemon at its socket.
type Client struct {
	http *http.Client
	path string
}

func NewClient(path string) *Client {
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives:     true,
		ResponseHeaderTimeout: askWithin,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: askWithin}
			return d.DialContext(ctx, "unix", path)
		},
	}}}
}

func (c *Client) do(ctx context.Context, method, path string) (*http.Response, error) {
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
		return nil, fmt.Errorf("%s: the daemon does not answer: %w", c.path, errors.Unwrap(err))
	}
	return resp, nil
}

// Status asks how the station is. raw is the JSON as it came.
func (c *Client) Status(ctx context.Context) (s Status, raw []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
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
		return Status{}, nil, fmt.Errorf("%s: the daemon's answer: %w; is it of this version?", c.path, err)
	}
	return s, raw, nil
}

// TestLamps has the daemon walk its lamps. It returns ErrTap if a tap ended that.
func (c *Client) TestLamps(ctx context.Context, tell func(step string)) error {
	resp, err := c.do(ctx, http.MethodPost, "/leds/test")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var l testLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("%s: the daemon's answer: %w; is it of this version?", c.path, err)
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
	return fmt.Errorf("%s: the daemon ended; the lamps are dark", c.path)
}
