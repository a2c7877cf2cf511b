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

// The reference configuration holds every key, and each with its default.
func TestReference(t *testing.T) {
	b, err := os.ReadFile("../../configs/reference.toml")
	if err != nil {
		t.Fatal(err)
	}
	doc, problems := parseTOML(b)
	if doc == nil {
		t.Fatal(problems)
	}
	want := map[string]string{
		"station.name": "", "station.state_dir": "/var/lib/tagbase-edge", "station.socket": "/run/tagbase-edge/api.sock",
		"reader.device": "", "reader.liveness": "two-taps", "reader.reset_gpio": "",
		"tags.entry_points": "[]", "tags.map_file": "",
		"platform.base_url": "https://platform.tagbase.io/api/v1", "platform.key_file": "", "platform.ca_file": "", "platform.timeout": "8s",
		"session.window": "10m", "session.carry": "until-resolved",
		"leds.green": "", "leds.red": "", "leds.amber": "", "leds.active_low": "false",
		"page.listen": "", "page.token_file": "",
	}
	got := make(map[string]string)
	for key, v := range doc.values {
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

	// What the file says is what the program does without it.
	c, bare := Default(""), Default("")
	for key, v := range doc.values {
		problems := c.keys()[key](v)
		if mustBeSet := key == "reader.device" || key == "tags.entry_points"; mustBeSet != (len(problems) > 0) {
			t.Errorf("%s = %q: %v", key, v.text, problems)
		}
	}
	if diff := cmp.Diff(bare, c, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("defaults (-program +reference.toml):\n%s", diff)
	}
}

func TestMinimal(t *testing.T) {
	if _, problems := Load("../../configs/minimal.toml"); len(problems) > 0 {
		var s strings.Builder
		Print(&s, problems)
		t.Error(s.String())
	}
}

// A second station on a board, by systemd's template, has directories and a key of its
// own without being told, and may not have the first one's.
func TestSecondStation(t *testing.T) {
	text := "[reader]\ndevice = \"pn532_uart:/dev/ttyAMA0\"\n[tags]\nentry_points = [\"https://tap.example.com/\"]\n"
	for _, tt := range []struct{ file, stateDir, socket, key string }{
		{"/etc/tagbase-edge/config.toml", "/var/lib/tagbase-edge", "/run/tagbase-edge/api.sock", "/etc/tagbase-edge/api-key"},
		{"/etc/tagbase-edge/second.toml", "/var/lib/tagbase-edge-second", "/run/tagbase-edge-second/api.sock", "/etc/tagbase-edge/second.api-key"},
		{"./config.toml", "/var/lib/tagbase-edge", "/run/tagbase-edge/api.sock", "/etc/tagbase-edge/api-key"},
	} {
		c, problems := Parse([]byte(text), tt.file)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", tt.file, problems)
		}
		if c.Station.StateDir != tt.stateDir || c.Station.Socket != tt.socket || InstalledKey(tt.file) != tt.key {
			t.Errorf("%s has %s, %s and %s", tt.file, c.Station.StateDir, c.Station.Socket, InstalledKey(tt.file))
		}
	}
	_, problems := Parse([]byte(text+"[station]\nstate_dir = \"/var/lib/tagbase-edge\"\n"), "/etc/tagbase-edge/second.toml")
	if len(problems) != 1 || problems[0].Key != "station.state_dir" || problems[0].Line != 6 {
		t.Errorf("a second station in the first one's directory: %v", problems)
	}
}
