// SPDX-License-Identifier: Apache-2.0

package config

import "testing"

// A key or table that repeats is named in full, with the line of the first.
func TestRepetitionNamesTheFirstLine(t *testing.T) {
	t.Parallel()
	const remove, join = "; remove one of the two", "; put all its keys there"
	for _, tt := range []struct{ name, file, want string }{
		{"key", "[reader]\ndevice = 1\n\n  device = 2\n", "c:4:3: reader.device: is set already in line 2" + remove},
		{"quoted key", "\"\\u001b\" = 1\n\"\\u001b\" = 2\n", `c:2:1: "\x1b": is set already in line 1` + remove},
		{"table", "[reader]\n[page]\n[reader]\n", "c:3:2: reader: is a table already in line 1" + join},
		{"table after a dotted key", "reader.device = 1\n[reader]\n",
			"c:2:2: reader: is a table already in line 1" + join},
		{"table after a key", "[a]\nb = 1\n[a.b]\n", "c:3:2: a.b: is set already in line 2" + remove},
		{"key of a key", "x = 1\nx.y = 2\n", "c:2:1: x: is set already in line 1" + remove},
		{"key of an inline table", "a = {x = 1}\na.y = 2\n", "c:2:1: a: is set already in line 1" + remove},
		{"key of an element", "[[a]]\nx = 1\n[[a]]\nx = 2\nx = 3\n", "c:5:1: a.x: is set already in line 4" + remove},
	} {
		_, problems := parseTOML([]byte(tt.file))
		if problems = locate(problems, []byte(tt.file), "c"); len(problems) != 1 || problems[0].String() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, problems, tt.want)
		}
	}
}
