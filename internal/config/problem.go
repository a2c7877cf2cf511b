// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"io"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"github.com/tagbase/tagbase-edge/internal/terminal"
)

// A Problem is one thing that is wrong with a configuration. What nothing in the file causes,
// such as a missing key file, stands at line 1, column 1.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Key          string // dotted, such as reader.device
	Text         string // what is wrong; how to mend it

	source string // the whole line, for the excerpt
}

// fileProblem is a problem with the file as a whole.
func fileProblem(file string, err error) Problem {
	return Problem{File: file, Line: 1, Column: 1, Key: "file", Text: err.Error()}
}

// Problem returns a problem with a key that shows only beyond the file.
func (c *Config) Problem(key, text string) Problem {
	return Problem{File: c.File, Line: 1, Column: 1, Key: key, Text: text}
}

// String returns one line for a person, without secrets:
//
//	config.toml:3:10: reader.device: is a number; write a text in quotes
func (p Problem) String() string {
	// Texts quote values, and a value may be a secret in the wrong place.
	text := userInfo().ReplaceAllString(p.Text, "${1}redacted@")
	text = quotedKey().ReplaceAllString(text, "${1}redacted")
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Key, text)
}

// Print writes a line for each problem and, indented below it, the line of the file that it is
// about, with a mark under the place.
func Print(w io.Writer, problems []Problem) {
	for _, p := range problems {
		fmt.Fprintln(w, p)
		if line, mark, ok := p.excerpt(); ok {
			fmt.Fprintf(w, "    %s\n    %s^\n", line, strings.Repeat(" ", mark))
		}
	}
}

// locate completes problems of a file that holds b.
func locate(problems []Problem, b []byte, file string) []Problem {
	lines := strings.Split(strings.TrimPrefix(string(b), byteOrderMark), "\n")
	for i := range problems {
		p := &problems[i]
		p.File = file
		if p.Line >= 1 && p.Line <= len(lines) {
			p.source = strings.TrimSuffix(lines[p.Line-1], "\r")
		}
	}
	return problems
}

// An excerpt fits beside its indentation on a wide terminal, with the place in sight.
const (
	excerptBefore = 60 // characters shown before the place
	excerptLength = 100
)

// excerpt returns the line at which the problem is, safe for a terminal and without secrets,
// and how many characters stand before the place. It is not ok if there is nothing to show.
func (p Problem) excerpt() (text string, mark int, ok bool) {
	if strings.TrimSpace(p.source) == "" {
		return "", 0, false
	}
	// At line 1 the problem may be about what is missing, and not about what is there.
	if p.Line == 1 && p.Column == 1 && !strings.Contains(p.source, lastName(p.Key)) {
		return "", 0, false
	}

	line, ok := hideUnknown(p.source)
	if !ok {
		return "", 0, false
	}

	// Columns count bytes, terminals characters, and hiding a secret moves what follows.
	column := min(p.Column-1, len(p.source), len(line))
	before, whole := []rune(harmless(line[:column])), []rune(harmless(line))
	mark = min(len(before), len(whole))

	// Both cuts keep the place in sight.
	if from := mark - excerptBefore; from > 0 {
		whole = append([]rune("…"), whole[from:]...)
		mark = excerptBefore + 1
	}
	if len(whole) > excerptLength {
		whole = append(whole[:excerptLength:excerptLength], '…')
	}
	return string(whole), mark, true
}

// lastName returns the last part of a dotted key, without quotes.
func lastName(key string) string { return strings.Trim(key[strings.LastIndexByte(key, '.')+1:], `"`) }

// hideUnknown hides the value of an unknown key: it could be a secret in the wrong place. It is
// not ok for a line in which no key can be seen at all.
func hideUnknown(line string) (shown string, ok bool) {
	key, _, ok := strings.Cut(line, "=")
	if !ok {
		// A table, a part of an array, a comment. Anything else may be a pasted secret.
		first := strings.TrimSpace(line)[:1]
		return line, strings.Contains(`["]#`, first)
	}

	// The table's name is enough: an inline table holds its keys.
	name := lastName(strings.TrimSpace(key))
	for _, known := range Keys() {
		if table, last, _ := strings.Cut(known, "."); name == last || name == table {
			return line, true
		}
	}
	return key + "= …", true
}

// Where people put secrets by mistake: the key in place of its file, and a password in a URL.
var (
	quotedKey = lazyregexp.New(`(key_[A-Za-z0-9_-]+:)[^\s"/]+`)
	wholeKey  = lazyregexp.New(`(key_[A-Za-z0-9_-]+:)\S+`) // in a raw line nothing marks its end
	userInfo  = lazyregexp.New(`(//)[^/\s"]*@`)
)

// harmless returns a line without secrets and without characters that a terminal obeys.
func harmless(line string) string {
	line = userInfo().ReplaceAllString(line, "${1}redacted@")
	line = wholeKey().ReplaceAllString(line, "${1}redacted")
	return terminal.Printable(strings.ReplaceAll(line, "\t", " "))
}
