// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
)

// byteOrderMark begins a file that some editors for Windows save. TOML knows none.
const byteOrderMark = "\ufeff"

// A place is where something stands in a file; lines and columns count from 1, columns in bytes.
type place struct{ line, column int }

var start = place{1, 1}

// problem returns a problem at a place. locate adds the file's name and its line.
func (at place) problem(key, text string) Problem {
	return Problem{Line: at.line, Column: at.column, Key: key, Text: text}
}

// wrong returns err as a problem without a key, or nothing if err is nil.
func (at place) wrong(err error) []Problem {
	if err == nil {
		return nil
	}
	return []Problem{at.problem("", err.Error())}
}

// A value is the part of a line after the key.
type value struct {
	key   place
	at    place // of the value itself
	kind  unstable.Kind
	text  string  // of a string, without its quotes; of a bool, "true" or "false"
	items []value // of an array
}

// A document is a TOML file by dotted keys, with the place of each.
type document struct {
	values map[string]value
	keys   []string // in the file's order
	tables map[string]place
}

// parseTOML reads a whole file. The document is nil if it is not TOML.
func parseTOML(b []byte) (*document, []Problem) {
	b = bytes.TrimPrefix(b, []byte(byteOrderMark))

	// The decoder also refuses a key that is set twice, which the parser below lets pass.
	var whole map[string]any
	if err := toml.Unmarshal(b, &whole); err != nil {
		return nil, []Problem{syntaxProblem(b, err)}
	}

	d := &document{values: make(map[string]value), tables: make(map[string]place)}
	p := &unstable.Parser{}
	p.Reset(b)
	var table []string
	var problems []Problem
	for p.NextExpression() {
		node := p.Expression()
		switch node.Kind {
		case unstable.ArrayTable:
			names, at := keyOf(p, node)
			problems = append(problems,
				at.problem(dotted(names), "is in double brackets; write it once, in single brackets"))
		case unstable.Table:
			// All keys up to the next table belong to it.
			names, at := keyOf(p, node)
			table = names
			d.tables[dotted(table)] = at
		case unstable.KeyValue:
			d.add(p, table, node)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return d, nil
}

var bareName = lazyregexp.New(`^[A-Za-z0-9_-]+$`)

// dotted joins the names of a key. A name that TOML has to quote stays quoted, so that nothing
// in it looks like a dot or reaches a terminal.
func dotted(names []string) string {
	shown := slices.Clone(names)
	for i, name := range names {
		if len(name) > 64 || !bareName().MatchString(name) {
			shown[i] = fmt.Sprintf("%.40q", name)
		}
	}
	return strings.Join(shown, ".")
}

// syntaxProblem returns the problem for the decoder's error about b.
func syntaxProblem(b []byte, err error) Problem {
	text := strings.TrimPrefix(err.Error(), "toml: ")
	var de *toml.DecodeError
	if !errors.As(err, &de) {
		return start.problem("toml", text+"; correct the file")
	}

	line, column := de.Position()
	at := place{line, column}
	if p, ok := repeated(b, at); ok {
		return p
	}
	return at.problem("toml", text+`; correct the line, such as [station] or name = "gate-1"`)
}

// add takes a key and its value. The keys in an inline table become keys of their own.
func (d *document) add(p *unstable.Parser, table []string, node *unstable.Node) {
	names, at := keyOf(p, node)
	names = append(slices.Clone(table), names...)
	key := dotted(names)

	if v := node.Value(); v.Kind == unstable.InlineTable {
		d.tables[key] = at
		for c := v.Children(); c.Next(); {
			d.add(p, names, c.Node())
		}
		return
	}

	d.keys = append(d.keys, key)
	d.values[key] = valueOf(p, node.Value(), at)
}

// keyOf returns the names of a key or a table, and where the first one stands.
func keyOf(p *unstable.Parser, node *unstable.Node) (names []string, at place) {
	for k := node.Key(); k.Next(); {
		if names == nil {
			at = placeOf(p, k.Node())
		}
		names = append(names, string(k.Node().Data))
	}
	return names, at
}

func valueOf(p *unstable.Parser, node *unstable.Node, key place) value {
	v := value{key: key, at: key, kind: node.Kind, text: string(node.Data)}

	// The parser does not say where numbers and arrays stand: their key's place has to do.
	if node.Raw.Length > 0 {
		v.at = placeOf(p, node)
	}

	if node.Kind == unstable.Array {
		for c := node.Children(); c.Next(); {
			v.items = append(v.items, valueOf(p, c.Node(), key))
		}
	}
	return v
}

func placeOf(p *unstable.Parser, node *unstable.Node) place {
	start := p.Shape(node.Raw).Start
	return place{start.Line, start.Column}
}

// placeOfMissing is where a key that is not set belongs: at its table, or at line 1.
func (d *document) placeOfMissing(key string) place {
	table, _, _ := strings.Cut(key, ".")
	if at, ok := d.tables[table]; ok {
		return at
	}
	return start
}
