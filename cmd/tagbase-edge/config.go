// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/uplink"
)

const defaultConfig = "/etc/tagbase-edge/config.toml"

// credential is the systemd credential that holds the key if no file is named.
const credential = "api-key"

// A config is the configuration, checked: what it names exists and reads well.
type config struct {
	station struct{ name, stateDir, socket string }
	reader  struct {
		device    string
		liveness  reader.Liveness
		resetGPIO string
	}
	tags struct {
		mapFile string
		parsed  uplink.Tags
	}
	platform struct {
		baseURL         string
		keyFile, caFile string
		timeout         time.Duration
		base            *url.URL
		roots           *x509.CertPool // nil: the system's
	}
	session struct {
		window time.Duration
		carry  session.Carry
	}
	leds led.Config
	page struct {
		listen    string
		tokenFile string
		token     api.Token
	}
}

// instance is the name of one of several stations on a board, by its configuration's
// (systemd/tagbase-edge@.service), or "".
func instance(file string) string {
	name, _ := strings.CutSuffix(doctor.ServiceOf(file), ".service")
	_, name, _ = strings.Cut(name, "@")
	return name
}

func defaults() *config { return defaultsOf("") }

// firstStateDir is that of the only station, or of the first one.
const firstStateDir = "/var/lib/tagbase-edge"

func defaultsOf(instance string) *config {
	if instance != "" {
		instance = "-" + instance
	}
	c := &config{}
	c.station.stateDir = firstStateDir + instance
	c.station.socket = "/run/tagbase-edge" + instance + "/api.sock"
	c.reader.liveness = reader.TwoTaps
	c.platform.baseURL = "https://platform.tagbase.io/api/v1"
	c.platform.timeout = 8 * time.Second
	c.session.window = 10 * time.Minute
	c.session.carry = session.UntilResolved
	return c
}

// loadConfig reads the file and gives every problem in it, in the file's order.
func loadConfig(file string) (*config, []problem) {
	b, err := readFile(file)
	if err != nil {
		return nil, []problem{{place{1, 1}, "file", unreadable(err)}}
	}
	return configOf(b, file)
}

// configOf reads a configuration that is, or is to be, in that file.
func configOf(b []byte, file string) (*config, []problem) {
	doc, bad := parseDocument(b)
	if bad != nil {
		return nil, bad
	}
	name := instance(file)
	c := defaultsOf(name)
	problems := c.take(doc)
	problems = append(problems, c.complete(doc)...)
	if name != "" && c.station.stateDir == firstStateDir {
		problems = append(problems, problem{doc.values["station.state_dir"].at, "station.state_dir",
			fmt.Sprintf("%s is the first station's; leave it out, and this one has %[1]s-%s", firstStateDir, name)})
	}
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.col, b.col))
	})
	return c, problems
}

// take puts every key's value into c.
func (c *config) take(doc *document) (problems []problem) {
	known := c.settings()
	for _, key := range doc.keys {
		v := doc.values[key]
		set, ok := known[key]
		if !ok {
			problems = append(problems, problem{v.key, key, stranger("key", key, slices.Collect(maps.Keys(known)))})
			continue
		}
		for _, p := range set(v) {
			p.key = key
			problems = append(problems, p)
		}
	}
	tables := tableNames(known)
	for table, at := range doc.tables {
		if !slices.Contains(tables, table) {
			problems = append(problems, problem{at, table, stranger("table", table, tables)})
		}
	}
	return problems
}

func tableNames(known map[string]setter) (names []string) {
	for key := range known {
		table, _, _ := strings.Cut(key, ".")
		names = append(names, table)
	}
	return names
}

// complete checks what lies between keys, and fills in what the station knows itself.
func (c *config) complete(doc *document) (problems []problem) {
	missing := func(key, text string) {
		problems = append(problems, problem{doc.missing(key), key, text})
	}
	if c.station.name == "" {
		c.station.name, _ = os.Hostname()
	}
	if _, ok := doc.values["reader.device"]; !ok {
		missing("reader.device", `is not set; name the reader, such as "pn532_uart:/dev/ttyAMA0"`)
	}
	if _, ok := doc.values["tags.entry_points"]; !ok {
		missing("tags.entry_points", `is not set; name the beginning of your tags' URLs, such as ["https://tap.example.com/"]`)
	}
	if c.platform.base == nil {
		c.platform.base, _ = uplink.ParseBaseURL(c.platform.baseURL)
	}
	problems = append(problems, c.pageProblems(doc)...)
	lines := map[string]string{}
	for _, out := range []struct{ key, line string }{
		{"reader.reset_gpio", c.reader.resetGPIO},
		{"leds.green", c.leds.Green}, {"leds.red", c.leds.Red}, {"leds.amber", c.leds.Amber},
	} {
		if other := lines[out.line]; out.line != "" && other != "" {
			problems = append(problems, problem{doc.values[out.key].at, out.key,
				fmt.Sprintf("%.80q is %s already; give each a line of its own", out.line, other)})
		}
		lines[out.line] = out.key
	}
	return problems
}

// key reads the station's key from its file or the systemd credential.
func (c *config) key() (uplink.Key, error) {
	if c.platform.keyFile != "" {
		return readKey(c.platform.keyFile)
	}
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return uplink.Key{}, errors.New(`is not set, and systemd gave no credential "api-key"; set it to the file that holds the key`)
	}
	return readKey(filepath.Join(dir, credential))
}

func readKey(file string) (uplink.Key, error) {
	b, err := readFile(file)
	if err != nil {
		return uplink.Key{}, errors.New(unreadable(err))
	}
	key, err := uplink.ParseKey(b)
	if err != nil {
		return uplink.Key{}, fmt.Errorf("%s holds no key: %w", file, err)
	}
	return key, nil
}

const maxFile = 64 << 10 // bytes of a configuration, key or CA file

var (
	errNotAFile = errors.New("not a regular file")
	errTooLarge = errors.New("larger than 64 KiB")
)

// readFile reads a file that a person wrote. It does not wait for a FIFO, and
// does not read a device for ever.
func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: file, Err: errNotAFile}
	case info.Size() > maxFile:
		return nil, &fs.PathError{Op: "read", Path: file, Err: errTooLarge}
	}
	return os.ReadFile(file)
}

// unreadable says why a file cannot be read and what to do.
func unreadable(err error) string {
	var pe *fs.PathError
	if !errors.As(err, &pe) {
		return err.Error()
	}
	mend := "look at the path and the disk"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		mend = "create it, or correct the path"
	case errors.Is(err, fs.ErrPermission):
		mend = "let the user that runs tagbase-edge read it"
	case errors.Is(err, errNotAFile), errors.Is(err, errTooLarge):
		mend = "name the file that is meant"
	}
	return fmt.Sprintf("%s cannot be read: %v; %s", shownPath(pe.Path), pe.Err, mend)
}

// shownPath quotes a path that is not plain.
func shownPath(path string) string {
	if len(path) <= 200 && plainPath().MatchString(path) {
		return path
	}
	return fmt.Sprintf("%.200q", path)
}

var plainPath = lazyregexp.New(`^[A-Za-z0-9_./:@+-]+$`)
