// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2/unstable"
)

// parseReference reads the reference configuration, which the package installs and docs point at.
func parseReference(t *testing.T) *document {
	t.Helper()
	b, err := os.ReadFile("../../configs/reference.toml")
	if err != nil {
		t.Fatal(err)
	}

	doc, problems := parseTOML(b)
	if doc == nil {
		t.Fatal(problems)
	}

	return doc
}

func TestReferenceConfigurationHoldsEveryKeyWithItsDefault(t *testing.T) {
	want := map[string]string{
		"station.name":      "",
		"station.state_dir": "/var/lib/tagbase-edge",
		"station.socket":    "/run/tagbase-edge/api.sock",
		"reader.device":     "",
		"reader.liveness":   "two-taps",
		"reader.reset_gpio": "",
		"tags.entry_points": "[]",
		"tags.map_file":     "",
		"platform.base_url": "https://platform.tagbase.io/api/v1",
		"platform.key_file": "",
		"platform.ca_file":  "",
		"platform.timeout":  "8s",
		"session.window":    "10m",
		"session.carry":     "until-resolved",
		"leds.green":        "",
		"leds.red":          "",
		"leds.amber":        "",
		"leds.active_low":   "false",
		"page.listen":       "",
		"page.token_file":   "",
	}

	got := make(map[string]string)
	for key, v := range parseReference(t).values {
		got[key] = v.text
		if v.kind == unstable.Array && len(v.items) == 0 {
			got[key] = "[]"
		}
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reference.toml (-design +file):\n%s", diff)
	}

	for _, key := range Keys() {
		if _, ok := got[key]; !ok {
			t.Errorf("reference.toml does not have %s", key)
		}
	}
}

// What the reference configuration says is what the program does without it.
func TestReferenceConfigurationChangesNothing(t *testing.T) {
	c, bare := Default(""), Default("")
	for key, v := range parseReference(t).values {
		problems := c.keys()[key](v)
		mustBeSet := key == "reader.device" || key == "tags.entry_points"
		if mustBeSet != (len(problems) > 0) {
			t.Errorf("%s = %q: %v", key, v.text, problems)
		}
	}

	if diff := cmp.Diff(bare, c, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("defaults (-program +reference.toml):\n%s", diff)
	}
}

func TestMinimalConfigurationHasNoProblem(t *testing.T) {
	if _, problems := Load("../../configs/minimal.toml"); len(problems) > 0 {
		var s strings.Builder
		Print(&s, problems)
		t.Error(s.String())
	}
}

// complete is a configuration without a problem.
const complete = `[reader]
device = "pn532_uart:/dev/ttyAMA0"
[tags]
entry_points = ["https://tap.example.com/"]
`

// A second station on a board, started by systemd's template, has directories and a key of its own
// without any setting.
func TestSecondStationHasItsOwnDirectoriesAndKey(t *testing.T) {
	for _, tt := range []struct{ file, stateDir, socket, key string }{
		{
			file:     "/etc/tagbase-edge/config.toml",
			stateDir: "/var/lib/tagbase-edge",
			socket:   "/run/tagbase-edge/api.sock",
			key:      "/etc/tagbase-edge/api-key",
		},
		{
			file:     "/etc/tagbase-edge/second.toml",
			stateDir: "/var/lib/tagbase-edge-second",
			socket:   "/run/tagbase-edge-second/api.sock",
			key:      "/etc/tagbase-edge/second.api-key",
		},
		{
			file:     "./config.toml",
			stateDir: "/var/lib/tagbase-edge",
			socket:   "/run/tagbase-edge/api.sock",
			key:      "/etc/tagbase-edge/api-key",
		},
	} {
		c, problems := Parse([]byte(complete), tt.file)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", tt.file, problems)
		}

		if c.Station.StateDir != tt.stateDir || c.Station.Socket != tt.socket || InstalledKey(tt.file) != tt.key {
			t.Errorf("%s has %s, %s and %s", tt.file, c.Station.StateDir, c.Station.Socket, InstalledKey(tt.file))
		}
	}
}

func TestSecondStationMayNotHaveTheFirstOnesStateDirectory(t *testing.T) {
	text := complete + "[station]\nstate_dir = \"/var/lib/tagbase-edge\"\n"
	_, problems := Parse([]byte(text), "/etc/tagbase-edge/second.toml")
	if len(problems) != 1 || problems[0].Key != "station.state_dir" || problems[0].Line != 6 {
		t.Errorf("a second station in the first one's directory: %v", problems)
	}
}
