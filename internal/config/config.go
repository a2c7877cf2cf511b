// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/doctor"
	"github.com/tagbase/tagbase-edge/led"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/session"
	"github.com/tagbase/tagbase-edge/uplink"
)

// DefaultFile is the configuration of the only station on a board, or of the first one.
const DefaultFile = "/etc/tagbase-edge/config.toml"

// firstStateDir is the state directory of the only station on a board, or of the first one.
const firstStateDir = "/var/lib/tagbase-edge"

// A Config is a station's configuration. If Load or Parse reports no problem, every value in it
// is valid, and the files that it names have been read.
type Config struct {
	File string // where it was read from

	Station struct {
		Name     string // the host name unless the file sets another
		StateDir string // holds journal, clock and lock
		Socket   string // the path on which the daemon answers
	}

	Reader struct {
		Device    string // a libnfc connstring, or "simulated:" and a socket's path
		Liveness  reader.Liveness
		ResetGPIO string // the line wired to the PN532's RSTPDN; "" if none is
	}

	Tags uplink.Tags

	Platform struct {
		BaseURL *url.URL       // nil only if the file's value is not a URL, which is a problem
		KeyFile string         // "" if systemd passes the key as a credential
		Roots   *x509.CertPool // nil for the system's
		Timeout time.Duration  // from tap to verdict
	}

	Session struct {
		Window time.Duration // how long the platform keeps a session open
		Carry  session.Carry
	}

	Lamps led.Config

	Page struct {
		Listen string // IP address and port; "" if there is no page
		Token  api.Token
	}

	// Files whose content is above: the checks ask only whether they are set.
	mapFile, caFile, tokenFile string
}

// Default returns what a station does without any setting. Several stations on a board have
// one file each (systemd/tagbase-edge@.service), and the file's name gives each its own
// directories.
func Default(file string) *Config {
	suffix := ""
	if name := Instance(file); name != "" {
		suffix = "-" + name
	}

	c := &Config{File: file}
	c.Station.StateDir = firstStateDir + suffix
	c.Station.Socket = "/run/tagbase-edge" + suffix + "/api.sock"
	c.Reader.Liveness = reader.TwoTaps
	c.Platform.BaseURL = &url.URL{Scheme: "https", Host: "platform.tagbase.io", Path: "/api/v1"}
	c.Platform.Timeout = 8 * time.Second
	c.Session.Window = 10 * time.Minute // the platform's own
	c.Session.Carry = session.UntilResolved
	return c
}

// JournalDir returns the directory of the journal.
func (c *Config) JournalDir() string { return filepath.Join(c.Station.StateDir, "journal") }

// Instance returns the name of one of several stations on a board, such as "second" for
// /etc/tagbase-edge/second.toml, or "" for the only or first station.
func Instance(file string) string {
	name, _ := strings.CutSuffix(doctor.ServiceOf(file), ".service")
	_, name, _ = strings.Cut(name, "@")
	return name
}

// Load reads the configuration in file and reports every problem in it, in the file's order.
// The Config is nil if the file cannot be read or is not TOML. With other problems it holds
// what could be understood.
func Load(file string) (*Config, []Problem) {
	b, err := ReadFile(file)
	if err != nil {
		return nil, []Problem{fileProblem(file, err)}
	}
	return Parse(b, file)
}

// Parse is Load for content that is, or will be, in that file.
func Parse(b []byte, file string) (*Config, []Problem) {
	doc, problems := parseTOML(b)
	if doc == nil {
		return nil, locate(problems, b, file)
	}

	// A stable sort: several problems at one place keep the order in which they were found, and
	// unknown tables, which come from a map, get one.
	c := Default(file)
	problems = append(c.take(doc), c.complete(doc)...)
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c, locate(problems, b, file)
}

// take puts the value of every key into c.
func (c *Config) take(doc *document) (problems []Problem) {
	known := c.keys()
	for _, key := range doc.keys {
		v := doc.values[key]
		set, ok := known[key]
		if !ok {
			// An error, or a misspelt key would be ignored without a word.
			problems = append(problems, v.key.problem(key, unknown("key", key, Keys())))
			continue
		}

		for _, p := range set(v) {
			p.Key = key
			problems = append(problems, p)
		}
	}

	tables := tableNames()
	for table, at := range doc.tables {
		if !slices.Contains(tables, table) {
			problems = append(problems, at.problem(table, unknown("table", table, tables)))
		}
	}
	return problems
}

// complete checks keys against each other, and sets what the station finds out by itself.
func (c *Config) complete(doc *document) (problems []Problem) {
	// If even the host name is unknown, scans have an empty station.
	if c.Station.Name == "" {
		c.Station.Name, _ = os.Hostname()
	}

	// Everything else has a default that suits a station.
	missing := func(key, text string) {
		if _, ok := doc.values[key]; !ok {
			problems = append(problems, doc.placeOfMissing(key).problem(key, text))
		}
	}
	missing("reader.device", `is not set; name the reader, such as "pn532_uart:/dev/ttyAMA0"`)
	missing("tags.entry_points",
		`is not set; name the beginning of your tags' URLs, such as ["https://tap.example.com/"]`)

	problems = append(problems, c.stateDirProblems(doc)...)
	problems = append(problems, c.pageProblems(doc)...)
	return append(problems, c.lineProblems(doc)...)
}

// stateDirProblems reports a second station in the first one's directory: two daemons cannot
// share one.
func (c *Config) stateDirProblems(doc *document) []Problem {
	const key = "station.state_dir"
	name := Instance(c.File)
	if name == "" || c.Station.StateDir != firstStateDir {
		return nil
	}
	return []Problem{doc.values[key].at.problem(key, fmt.Sprintf(
		"%s belongs to the first station; remove this line, and this station uses %[1]s-%s", firstStateDir, name))}
}

// pageProblems reports a page that other machines can reach without a token.
func (c *Config) pageProblems(doc *document) []Problem {
	const key = "page.listen"
	if c.Page.Listen == "" || c.tokenFile != "" {
		return nil
	}

	// The key's own check has already reported a bad address.
	if loopback, err := api.CheckListen(c.Page.Listen); loopback || err != nil {
		return nil
	}
	return []Problem{doc.values[key].at.problem(key, fmt.Sprintf(
		"%.80q can be reached from other machines, but page.token_file is not set; "+
			"name the file of a token, or listen on 127.0.0.1", c.Page.Listen))}
}

// lineProblems reports a line that is named for two purposes.
func (c *Config) lineProblems(doc *document) (problems []Problem) {
	// The kernel gives a line to one holder: the second would fail when the station opens it.
	taken := map[string]string{} // key by line
	for _, out := range []struct{ key, line string }{
		{"reader.reset_gpio", c.Reader.ResetGPIO},
		{"leds.green", c.Lamps.Green}, {"leds.red", c.Lamps.Red}, {"leds.amber", c.Lamps.Amber},
	} {
		if other := taken[out.line]; out.line != "" && other != "" {
			problems = append(problems, doc.values[out.key].at.problem(out.key,
				fmt.Sprintf("%.80q is used by %s already; give each its own line", out.line, other)))
		}
		taken[out.line] = out.key
	}
	return problems
}
