// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"strings"

	"github.com/tagbase/tagbase-edge/led"
)

// LoadLamps finds the lamps in a configuration, whatever else is wrong with it, even if it is not
// TOML. It is for turning them off after a station has died: a lamp that is still lit could look like
// a verdict. The only problem that it reports is a file that cannot be read.
func LoadLamps(file string) (led.Config, []Problem) {
	b, err := ReadFile(file)
	if err != nil {
		return led.Config{}, []Problem{fileProblem(file, err)}
	}

	// Every setter but those of the lamps is left alone: it could read files that hang.
	c := Default(file)
	known := c.keys()
	table := ""
	for line := range bytes.Lines(b) {
		if name, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("[")); ok {
			table, _, _ = strings.Cut(string(name), "]")
			table = strings.TrimSpace(table)
		}

		// Each line is a file of its own here, so a broken line does not hide the others.
		doc, _ := parseTOML(line)
		if doc == nil {
			continue
		}
		for key, v := range doc.values {
			if table == "leds" {
				key = "leds." + key
			}
			if set, ok := known[key]; ok && strings.HasPrefix(key, "leds.") {
				set(v)
			}
		}
	}
	return c.Lamps, nil
}
