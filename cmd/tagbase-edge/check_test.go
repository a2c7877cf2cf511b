// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A technician is warned of wiring that can light a lamp when the station is not there.
func TestCheckWarnsAboutWiring(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, leds, want string }{
		{"pulled down", `green = "GPIO9"` + "\n" + `red = "GPIO27"`, ""},
		{"pulled up", `red = "GPIO8"`, ":6:7: leds.red: warning: GPIO8 is pulled up"},
		{"the name that Debian gives a line", `amber = "SDA1"`, ":6:9: leds.amber: warning: SDA1 is pulled up"},
		{"two digits", `amber = "GPIO18"`, ""},
		{
			"green active-low", `green = "GPIO17"` + "\nactive_low = true",
			":7:14: leds.active_low: warning: the green lamp is lit",
		},
		{"no green", `red = "GPIO17"` + "\nactive_low = true", ""},
		{"a file", `green = "file:/sys/class/leds/GPIO2/brightness"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "config.toml")
			text := "[reader]\ndevice = \"simulated:/nowhere\"\n" +
				"[tags]\nentry_points = [\"https://tap.example.com/\"]\n[leds]\n" + c.leds + "\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}

			out, err := exec.Command("tagbase-edge", "check", "--config", file).Output()
			if err != nil {
				t.Fatalf("check fails on a warning: %v: %s", err, out)
			}

			if c.want == "" && len(out) > 0 || !strings.Contains(string(out), c.want) {
				t.Errorf("check says %q, want %q", out, c.want)
			}
		})
	}
}
