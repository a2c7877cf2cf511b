// SPDX-License-Identifier: Apache-2.0

package doctor

import "testing"

// The template's stations have configurations of their own beside the plain one's.
func TestServiceOfAConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		"/etc/tagbase-edge/config.toml":        "tagbase-edge.service",
		"/etc/tagbase-edge/second.toml":        "tagbase-edge@second.service",
		"/etc/tagbase-edge/old/config.toml":    "",
		"/etc/tagbase-edge/config.toml.backup": "",
		"/etc/tagbase-edge/.toml":              "",
		"/home/pi/config.toml":                 "",
		"config.toml":                          "",
	} {
		if got := ServiceOf(config); got != want {
			t.Errorf("%s: got %q, want %q", config, got, want)
		}
	}
}
