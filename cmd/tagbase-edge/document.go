// SPDX-License-Identifier: Apache-2.0

package main

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

// A place is where something stands in a file; lines and columns count from 1.
type place struct{ line, col int }

// A problem is one thing that is wrong with the configuration.
type problem struct {
	place
	key  string // dotted
	text string // what is wrong; how to mend it
}

// A value is what stands behind a key: a string, a bool, or strings in an array.
type value struct {
	key   place
	at    place
	kind  unstable.Kind
	text  string // of a string, as it reads without quotes; of a bool, "true" or "false"
	items []value
}

// A document is a TOML file by dotted keys, each with its place, so that every
// problem in it can be told at once.
type document struct {
	values map[string]value
	keys   []string // in the file's order
	tables map[string]place
}

// parseDocument reads the whole of a TOML file, or says what of it is not TOML.
func parseDocument(b []byte) (*document, []problem) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	var whole map[string]any
	if err := toml.Unmarshal(b, &whole); err != nil {
		return nil, []problem{syntaxProblem(err)}
	}
	d := &document{values: make(map[string]value), tables: make(map[string]place)}
	p := &unstable.Parser{}
	p.Reset(b)
	var table []string
	var problems []problem
	for p.NextExpression() {
		node := p.Expression()
		switch node.Kind {
		case unstable.ArrayTable:
			names, at := keyOf(p, node)
			problems = append(problems, problem{at, dotted(names), "stands in double brackets; write it once, in single ones"})
		case unstable.Table:
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

// dotted joins the names of a key. What is not a bare name is quoted, so that
// nothing in it looks like a dot or reaches a terminal.
func dotted(names []string) string {
	shown := make([]string, len(names))
	for i, name := range names {
		if shown[i] = name; len(name) > 64 || !bareName().MatchString(name) {
			shown[i] = fmt.Sprintf("%.40q", name)
		}
	}
	return strings.Join(shown, ".")
}

var bareName = lazyregexp.New(`^[A-Za-z0-9_-]+$`)

func syntaxProblem(err error) problem {
	var de *toml.DecodeError
	if errors.As(err, &de) {
		line, col := de.Position()
		return problem{place{line, col}, "toml", strings.TrimPrefix(de.Error(), "toml: ") + "; correct the line"}
	}
	return problem{place{1, 1}, "toml", strings.TrimPrefix(err.Error(), "toml: ") + "; correct the file"}
}

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

// missing is where a key that is not set would stand: at its table, or at line 1.
func (d *document) missing(key string) place {
	table, _, _ := strings.Cut(key, ".")
	if at, ok := d.tables[table]; ok {
		return at
	}
	return place{1, 1}
}

// Where a secret stands in the wrong place, such as a key in place of its file.
var (
	misplacedKey  = lazyregexp.New(`(key_[A-Za-z0-9_-]+:)[^\s"/]+`)
	misplacedUser = lazyregexp.New(`(//)[^/\s"]*@`)
)

// in is the problem's line, for a person and without secrets.
func (p problem) in(file string) string {
	text := misplacedUser().ReplaceAllString(p.text, "${1}redacted@")
	text = misplacedKey().ReplaceAllString(text, "${1}redacted")
	return fmt.Sprintf("%s:%d:%d: %s: %s", file, p.line, p.col, p.key, text)
}
