// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/uplink"
)

// This file checks single values. An error says what is wrong and, after a semicolon, how to mend
// it. It quotes the value, and cuts a long one: it may hold anything.

var printableASCII = lazyregexp.New(`^[\x20-\x7e]*$`)

// checkStationName keeps names short and plain: every scan carries one.
func checkStationName(s string) error {
	if len(s) > 64 || !printableASCII().MatchString(s) {
		return fmt.Errorf("%.80q is not a name of up to 64 plain letters; shorten it or leave it out", s)
	}
	return nil
}

func checkAbsolute(s string) error {
	if !strings.HasPrefix(s, "/") {
		return fmt.Errorf("%.80q is not an absolute path; begin it with /", s)
	}
	return nil
}

func checkLiveness(s string) error {
	if s != string(reader.TwoTaps) && s != string(reader.OneTap) {
		return fmt.Errorf("%.80q is not allowed; write %q or %q", s, reader.TwoTaps, reader.OneTap)
	}
	return nil
}

func checkCarry(s string) error {
	if s != string(session.UntilResolved) && s != string(session.WholeWindow) {
		return fmt.Errorf("%.80q is not allowed; write %q or %q", s, session.UntilResolved, session.WholeWindow)
	}
	return nil
}

// lineName is a name as the kernel and device trees give them to GPIO lines.
var lineName = lazyregexp.New(`^[A-Za-z0-9_.-]+$`)

// checkLine accepts "", the name of a GPIO line, and "file:" with an absolute path.
func checkLine(s string, what, such string) error {
	path, isFile := strings.CutPrefix(s, "file:")
	switch {
	case s == "",
		!isFile && len(s) <= 64 && lineName().MatchString(s),
		isFile && strings.HasPrefix(path, "/"):
		return nil
	default:
		return fmt.Errorf("%.80q is not %s; write %s", s, what, such)
	}
}

// CheckLampLine reports what is wrong with the line of a lamp, or nil. "" is no lamp.
func CheckLampLine(s string) error {
	return checkLine(s, "a lamp", `"GPIO17", or "file:/sys/class/leds/NAME/brightness"`)
}

func checkResetLine(s string) error {
	return checkLine(s, "a line", `"GPIO20", or "file:/PATH" of a file that resets the reader while it holds 1`)
}

func checkListen(s string) error {
	if s == "" {
		return nil
	}
	_, err := api.CheckListen(s)
	return err
}

func checkKeyFile(file string) error {
	if file == "" {
		return nil
	}
	_, err := ReadKey(file)
	return err
}

func (c *Config) setBaseURL(s string) (err error) {
	if c.Platform.BaseURL, err = uplink.ParseBaseURL(s); err != nil {
		return fmt.Errorf(`%w; write it as "https://platform.tagbase.io/api/v1"`, err)
	}
	return nil
}

// loadMap reads tags.map_file.
func (c *Config) loadMap(file string) error {
	if file == "" {
		return nil
	}

	// ReadFile is not used, since the map may be larger than other files: it has a line for each
	// tag. As there, opening a named pipe would wait for its other end.
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return &FileError{file, errNotAFile}
	}

	f, err := os.Open(file)
	if err != nil {
		return explain(err)
	}
	defer f.Close()

	if c.Tags.Addresses, err = uplink.ReadAddresses(f); err != nil {
		return fmt.Errorf("%s: %s; correct the file", file, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

func (c *Config) loadRoots(file string) error {
	if file == "" {
		return nil
	}

	b, err := ReadFile(file)
	if err != nil {
		return err
	}

	// These roots alone, not in addition to the system's: a private platform trusts no public CA.
	c.Platform.Roots = x509.NewCertPool()
	if !c.Platform.Roots.AppendCertsFromPEM(b) {
		return fmt.Errorf("%s holds no certificate; it must be PEM, from -----BEGIN CERTIFICATE----- on", file)
	}
	return nil
}

func (c *Config) loadToken(file string) error {
	if file == "" {
		return nil
	}

	b, err := ReadFile(file)
	if err != nil {
		return err
	}
	if c.Page.Token, err = api.ParseToken(b); err != nil {
		return fmt.Errorf("%s holds no token: %w", shownPath(file), err)
	}
	return nil
}
