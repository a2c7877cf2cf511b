// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/uplink"
)

// A setter takes one key's value, and tells what is wrong with it.
type setter func(value) []problem

// wrong is the problem, if err is one, of what stands at a place.
func wrong(at place, err error) []problem {
	if err == nil {
		return nil
	}
	return []problem{{place: at, text: err.Error()}}
}

// settings is every key that there is.
func (c *config) settings() map[string]setter {
	return map[string]setter{
		"station.name":      text(&c.station.name, stationName),
		"station.state_dir": text(&c.station.stateDir, absolute),
		"station.socket":    text(&c.station.socket, absolute),

		"reader.device":     text(&c.reader.device, reader.CheckConnstring),
		"reader.liveness":   text((*string)(&c.reader.liveness), liveness),
		"reader.reset_gpio": text(&c.reader.resetGPIO, resetLine),

		"tags.entry_points": c.setEntryPoints,
		"tags.map_file":     text(&c.tags.mapFile, c.loadMap),

		"platform.base_url": text(&c.platform.baseURL, c.setBase),
		"platform.key_file": text(&c.platform.keyFile, keyFile),
		"platform.ca_file":  text(&c.platform.caFile, c.loadRoots),
		"platform.timeout":  duration(&c.platform.timeout, time.Second, time.Minute),

		"session.window": duration(&c.session.window, time.Second, 24*time.Hour),
		"session.carry":  text((*string)(&c.session.carry), carry),

		"leds.green":      text(&c.leds.Green, lampLine),
		"leds.red":        text(&c.leds.Red, lampLine),
		"leds.amber":      text(&c.leds.Amber, lampLine),
		"leds.active_low": boolean(&c.leds.ActiveLow),

		"page.listen":     text(&c.page.listen, pageListen),
		"page.token_file": text(&c.page.tokenFile, c.loadToken),
	}
}

func text(to *string, check func(string) error) setter {
	return func(v value) []problem {
		if v.kind != unstable.String {
			return wrong(v.at, fmt.Errorf("is %s; write a text in quotes", kindName(v.kind)))
		}
		*to = v.text
		return wrong(v.at, check(v.text))
	}
}

func boolean(to *bool) setter {
	return func(v value) []problem {
		if v.kind != unstable.Bool {
			return wrong(v.at, fmt.Errorf("is %s; write true or false, without quotes", kindName(v.kind)))
		}
		*to = v.text == "true"
		return nil
	}
}

func duration(to *time.Duration, least, most time.Duration) setter {
	return func(v value) []problem {
		d, err := time.ParseDuration(v.text)
		if v.kind != unstable.String || err != nil {
			return wrong(v.at, errors.New(`is not a duration; write a number and a unit in quotes, such as "8s" or "10m"`))
		}
		if d < least || d > most {
			return wrong(v.at, fmt.Errorf("%.80q is out of range; write %s to %s", v.text, short(least), short(most)))
		}
		*to = d
		return nil
	}
}

// short writes 10m for what time.Duration writes as 10m0s.
func short(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

func kindName(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a text"
	case unstable.Bool:
		return "true or false"
	case unstable.Integer, unstable.Float:
		return "a number"
	case unstable.Array:
		return "an array"
	default:
		return "a date"
	}
}

func (c *config) setEntryPoints(v value) (problems []problem) {
	if v.kind != unstable.Array {
		return wrong(v.at, errors.New(`is not an array; write URLs in brackets, such as ["https://tap.example.com/"]`))
	}
	if len(v.items) == 0 {
		return wrong(v.at, errors.New(`is empty; name the beginning of your tags' URLs, such as ["https://tap.example.com/"]`))
	}
	for _, item := range v.items {
		if item.kind != unstable.String {
			problems = append(problems, wrong(item.at, fmt.Errorf("holds %s; write URLs in quotes", kindName(item.kind)))...)
			continue
		}
		e, err := uplink.ParseEntryPoint(item.text)
		if err != nil {
			problems = append(problems, wrong(item.at, fmt.Errorf(`%w; write it as "https://tap.example.com/"`, err))...)
			continue
		}
		c.tags.parsed.EntryPoints = append(c.tags.parsed.EntryPoints, e)
	}
	return problems
}

var printable = lazyregexp.New(`^[\x20-\x7e]*$`)

func stationName(s string) error {
	if len(s) > 64 || !printable().MatchString(s) {
		return fmt.Errorf("%.80q is not a name of up to 64 plain letters; shorten it or leave it out", s)
	}
	return nil
}

func absolute(s string) error {
	if !strings.HasPrefix(s, "/") {
		return fmt.Errorf("%.80q is not an absolute path; begin it with /", s)
	}
	return nil
}

func liveness(s string) error {
	if s != string(reader.TwoTaps) && s != string(reader.OneTap) {
		return fmt.Errorf("%.80q is not a way to prove liveness; write %q or %q", s, reader.TwoTaps, reader.OneTap)
	}
	return nil
}

func (c *config) loadMap(file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return errors.New(unreadable(&fs.PathError{Op: "read", Path: file, Err: errNotAFile}))
	}
	f, err := os.Open(file)
	if err != nil {
		return errors.New(unreadable(err))
	}
	defer f.Close()
	if c.tags.parsed.Addresses, err = uplink.ReadAddresses(f); err != nil {
		return fmt.Errorf("%s: %s; correct the file", file, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

func (c *config) setBase(s string) (err error) {
	if c.platform.base, err = uplink.ParseBaseURL(s); err != nil {
		return fmt.Errorf(`%w; write it as "https://platform.tagbase.io/api/v1"`, err)
	}
	return nil
}

func keyFile(file string) error {
	if file == "" {
		return nil
	}
	_, err := readKey(file)
	return err
}

func (c *config) loadRoots(file string) error {
	if file == "" {
		return nil
	}
	b, err := readFile(file)
	if err != nil {
		return errors.New(unreadable(err))
	}
	c.platform.roots = x509.NewCertPool()
	if !c.platform.roots.AppendCertsFromPEM(b) {
		return fmt.Errorf("%s holds no certificate; it must be PEM, from -----BEGIN CERTIFICATE----- on", file)
	}
	return nil
}

func carry(s string) error {
	if s != string(session.UntilResolved) && s != string(session.WholeWindow) {
		return fmt.Errorf("%.80q is not a rule; write %q or %q", s, session.UntilResolved, session.WholeWindow)
	}
	return nil
}

var lineName = lazyregexp.New(`^[A-Za-z0-9_.-]+$`)

func output(s string, what, such string) error {
	path, file := strings.CutPrefix(s, "file:")
	switch {
	case s == "", !file && len(s) <= 64 && lineName().MatchString(s), file && strings.HasPrefix(path, "/"):
		return nil
	default:
		return fmt.Errorf("%.80q is not %s; write %s", s, what, such)
	}
}

func lampLine(s string) error {
	return output(s, "a lamp", `"GPIO17", or "file:/sys/class/leds/NAME/brightness"`)
}

func resetLine(s string) error {
	return output(s, "a line", `"GPIO20", or "file:/PATH" of what takes 1 for a reset and 0`)
}
