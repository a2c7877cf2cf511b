// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"github.com/tagbase/tagbase-edge/internal/terminal"
)

// tell writes a line for each problem, and under it, indented, what stands there.
func tell(w io.Writer, file string, problems []problem) {
	b, _ := readFile(file) // if it cannot be read, that is the problem
	tellIn(w, file, b, problems)
}

// tellIn is tell for a file that holds b, or is to.
func tellIn(w io.Writer, file string, b []byte, problems []problem) {
	text := strings.Split(strings.TrimPrefix(string(b), "\ufeff"), "\n")
	for _, p := range problems {
		fmt.Fprintln(w, p.in(file))
		if p.line < 1 || p.line > len(text) {
			continue
		}
		if line, mark, ok := p.excerpt(strings.TrimSuffix(text[p.line-1], "\r")); ok {
			fmt.Fprintf(w, "    %s\n    %s^\n", line, strings.Repeat(" ", mark))
		}
	}
}

const (
	excerptBefore = 60 // characters shown before the place
	excerptLength = 100
)

// excerpt is the line at which a problem is, as a terminal may have it and without
// secrets, and how many characters stand before the place.
func (p problem) excerpt(line string) (text string, mark int, ok bool) {
	if strings.TrimSpace(line) == "" || p.place == (place{1, 1}) && !strings.Contains(line, leaf(p.key)) {
		return "", 0, false // nothing stands there: the problem is what does not
	}
	col := min(p.col-1, len(line))
	line, ok = withoutStranger(line)
	if !ok {
		return "", 0, false
	}
	before := []rune(shown(line[:min(col, len(line))]))
	whole := []rune(shown(line))
	mark = min(len(before), len(whole))
	if from := mark - excerptBefore; from > 0 {
		whole = append([]rune("…"), whole[from:]...)
		mark = excerptBefore + 1
	}
	if len(whole) > excerptLength {
		whole = append(whole[:excerptLength:excerptLength], '…')
	}
	return string(whole), mark, true
}

func leaf(key string) string { return strings.Trim(key[strings.LastIndexByte(key, '.')+1:], `"`) }

// withoutStranger leaves out what stands behind a key that is none: it may be a
// password. A line of which nothing is known is left out as a whole.
func withoutStranger(line string) (string, bool) {
	key, _, ok := strings.Cut(line, "=")
	if !ok {
		first := strings.TrimSpace(line)[:1]
		return line, strings.Contains(`["]#`, first)
	}
	name := leaf(strings.TrimSpace(key))
	for known := range defaults().settings() {
		if table, last, _ := strings.Cut(known, "."); name == last || name == table {
			return line, true
		}
	}
	return key + "= …", true
}

var wholeKey = lazyregexp.New(`(key_[A-Za-z0-9_-]+:)\S+`)

// shown is text as a terminal may have it, without secrets.
func shown(text string) string {
	text = misplacedUser().ReplaceAllString(text, "${1}redacted@")
	text = wholeKey().ReplaceAllString(text, "${1}redacted")
	return terminal.Printable(strings.ReplaceAll(text, "\t", " "))
}

// guess is which of some names a misspelt one means, or "".
func guess(name string, names []string) string {
	slices.Sort(names)
	best, least := "", max(3, len(name)/3+1)
	for _, known := range names {
		if leaf(known) == leaf(name) && strings.Contains(known, ".") {
			return known // in another table, or in none
		}
		if d := levenshtein.ComputeDistance(strings.ToLower(name), known); d < least {
			best, least = known, d
		}
	}
	return best
}

// stranger says that a name is not known, and which may be meant.
func stranger(what, name string, names []string) string {
	if meant := guess(name, names); meant != "" {
		return fmt.Sprintf("is not a %s; do you mean %s?", what, meant)
	}
	return fmt.Sprintf("is not a %s; the reference configuration lists them all", what)
}
