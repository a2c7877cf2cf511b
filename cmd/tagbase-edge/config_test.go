// SPDX-License-Identifier: Apache-2.0

package main

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
	doc, bad := parseDocument(b)
	if bad != nil {
		t.Fatal(bad)
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
	known := defaults().settings()
	for key := range known {
		if _, ok := got[key]; !ok {
			t.Errorf("reference.toml does not have %s", key)
		}
	}

	// What the file says is what the program does without it.
	c, bare := defaults(), defaults()
	for key, v := range doc.values {
		problems := c.settings()[key](v)
		if mustBeSet := key == "reader.device" || key == "tags.entry_points"; mustBeSet != (len(problems) > 0) {
			t.Errorf("%s = %q: %v", key, v.text, problems)
		}
	}
	c.platform.base = nil
	if diff := cmp.Diff(bare, c, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("defaults (-program +reference.toml):\n%s", diff)
	}
}

func TestMinimal(t *testing.T) {
	if _, problems := loadConfig("../../configs/minimal.toml"); len(problems) > 0 {
		var s strings.Builder
		tell(&s, "minimal.toml", problems)
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
		c, problems := configOf([]byte(text), tt.file)
		if len(problems) > 0 {
			t.Fatalf("%s: %v", tt.file, problems)
		}
		if c.station.stateDir != tt.stateDir || c.station.socket != tt.socket || installedKey(tt.file) != tt.key {
			t.Errorf("%s has %s, %s and %s", tt.file, c.station.stateDir, c.station.socket, installedKey(tt.file))
		}
	}
	_, problems := configOf([]byte(text+"[station]\nstate_dir = \"/var/lib/tagbase-edge\"\n"), "/etc/tagbase-edge/second.toml")
	if len(problems) != 1 || problems[0].key != "station.state_dir" || problems[0].line != 6 {
		t.Errorf("a second station in the first one's directory: %v", problems)
	}
}
