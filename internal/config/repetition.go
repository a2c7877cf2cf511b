// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"

	"github.com/pelletier/go-toml/v2/unstable"
)

// repeated returns the problem with the key or table at a place, if b has had it before. The decoder refuses one that
// repeats, but names only its last part, and not the line of the first.
func repeated(b []byte, at place) (Problem, bool) {
	var table []string
	keys, tables := make(map[string]place), make(map[string]place)

	p := &unstable.Parser{}
	p.Reset(b)
	for p.NextExpression() {
		node := p.Expression()
		names, here := keyOf(p, node)
		if node.Kind == unstable.KeyValue {
			names = append(slices.Clone(table), names...)
		} else {
			table = names
		}

		// Here the decoder stopped: what follows is of no use.
		if here == at {
			return repeatedName(names, at, keys, tables)
		}

		// Each element of an array of tables may have the same keys.
		if node.Kind == unstable.ArrayTable {
			clear(keys)
			clear(tables)
			continue
		}

		// A dotted key also makes the tables before its dots.
		for n := 1; n < len(names); n++ {
			keepFirst(tables, dotted(names[:n]), here)
		}
		if node.Kind == unstable.KeyValue {
			keepFirst(keys, dotted(names), here)
		} else {
			keepFirst(tables, dotted(names), here)
		}
	}
	return Problem{}, false
}

// repeatedName looks for names among the keys and tables before it.
func repeatedName(names []string, at place, keys, tables map[string]place) (Problem, bool) {
	name := dotted(names)
	if first, ok := tables[name]; ok {
		return at.problem(name, fmt.Sprintf("is a table already in line %d; put all its keys there", first.line)), true
	}

	// A key that holds a value cannot be a table as well: then it is the key before a dot that repeats.
	for n := len(names); n > 0; n-- {
		name := dotted(names[:n])
		if first, ok := keys[name]; ok {
			return at.problem(name, fmt.Sprintf("is set already in line %d; remove one of the two", first.line)), true
		}
	}
	return Problem{}, false
}

func keepFirst(places map[string]place, name string, at place) {
	if _, ok := places[name]; !ok {
		places[name] = at
	}
}
