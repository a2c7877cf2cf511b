// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
)

func TestExcerptShowsThePlaceAndNoSecret(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, tt := range map[string]struct {
		key, line string
		at        place
		want      string // empty: nothing is shown
		mark      int
	}{
		"value": {
			"reader.device", `device = "x"`, place{2, 10},
			`device = "x"`, 9,
		},
		"tab": {
			"reader.device", "\tdevice = 5", place{2, 11},
			" device = 5", 10,
		},
		"beyond the line": {
			"toml", `device = "x`, place{2, 99},
			`device = "x`, 11,
		},
		"far right": {
			"tags.entry_points", `entry_points = ["` + long + `", 5]`, place{2, 320},
			"…" + strings.Repeat("x", 58) + `", 5]`, 61,
		},
		"cut": {
			"reader.device", `device = "` + long, place{2, 10},
			`device = "` + strings.Repeat("x", 90) + "…", 9,
		},
		"not there": {
			"reader.device", "# a comment", place{1, 1},
			"", 0,
		},
		"empty line": {
			"toml", "  ", place{3, 1},
			"", 0,
		},
		"unknown key": {
			"platform.password", `password = "hunter2"`, place{2, 1},
			"password = …", 0,
		},
		"inline table": {
			"reader.devise", `reader = {devise = "x"}`, place{2, 11},
			`reader = {devise = "x"}`, 10,
		},
		"secret": {
			"platform.key_file", `key_file = "key_a:hun/ter2" # x`, place{2, 12},
			`key_file = "key_a:redacted # x`, 11,
		},
		"after a secret": {
			"platform.key_file", `key_file = "key_a:hunter2", 5`, place{2, 29},
			`key_file = "key_a:redacted 5`, 27,
		},
		"password in a URL": {
			"platform.base_url", `base_url = "https://a:hunter2@b/"`, place{2, 12},
			`base_url = "https://redacted@b/"`, 11,
		},
		"pasted key": {
			"toml", "key_a:hunter2", place{2, 6},
			"", 0,
		},
		"control characters": {
			"reader.device", "device = \x1b[31m\u202e", place{2, 10},
			"device = ?[31m?", 9,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := Problem{Line: tt.at.line, Column: tt.at.column, Key: tt.key, source: tt.line}

			got, mark, ok := p.excerpt()
			if got != tt.want || mark != tt.mark || ok != (tt.want != "") {
				t.Errorf("got\n%s\n%s^ %v, want\n%s\n%s^",
					got, strings.Repeat(" ", mark), ok, tt.want, strings.Repeat(" ", tt.mark))
			}
		})
	}
}
