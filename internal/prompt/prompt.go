// SPDX-License-Identifier: Apache-2.0

// Package prompt asks a person on a terminal one question at a time. It writes plain lines and moves no cursor
// about, so that it works on a serial console, over SSH from a phone, and with a screen reader.
//
// What others have written into a question reaches the terminal as printable text alone. The package starts no
// goroutine, and the terminal is itself again after every question.
package prompt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tagbase/tagbase-edge/internal/terminal"
	"golang.org/x/term"
)

// ErrStopped says that a person pressed Ctrl-C or Ctrl-D in a question.
var ErrStopped = errors.New("stopped")

// A Prompt asks on one terminal.
type Prompt struct {
	in    *os.File
	out   io.Writer
	lines *term.Terminal
}

// New asks on a terminal. It returns nil if in is not one.
func New(in *os.File, out io.Writer) *Prompt {
	if !term.IsTerminal(int(in.Fd())) {
		return nil
	}

	p := &Prompt{in: in, out: out}
	p.lines = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, "> ")
	if width, height, err := term.GetSize(int(in.Fd())); err == nil && width > 0 {
		_ = p.lines.SetSize(width, height) // otherwise it takes 80 columns
	}
	return p
}

// raw asks one question while the terminal passes every key on. Between questions Ctrl-C ends the
// program, as everywhere. The question is written after the switch, or the terminal would echo
// what is pasted at once.
func (p *Prompt) raw(question string, ask func() (string, error)) (string, error) {
	state, err := term.MakeRaw(int(p.in.Fd()))
	if err != nil {
		return "", err
	}

	// Not as the terminal's prompt, which would be broken at 80 columns.
	_, err = fmt.Fprintln(p.lines, terminal.Printable(question))
	var answer string
	if err == nil {
		answer, err = ask()
	}

	// The terminal is itself again whatever happened. io.EOF is Ctrl-C or Ctrl-D.
	if err := errors.Join(err, term.Restore(int(p.in.Fd()), state)); err != nil {
		if errors.Is(err, io.EOF) {
			fmt.Fprintln(p.out)
			return "", ErrStopped
		}
		return "", err
	}
	return strings.TrimSpace(answer), nil
}

// Line asks for one line; Enter alone takes what is offered.
func (p *Prompt) Line(question, offer string) (string, error) {
	if offer != "" {
		question += " [" + offer + "]"
	}

	answer, err := p.raw(question, p.lines.ReadLine)
	if answer == "" {
		answer = offer
	}
	return answer, err
}

// Secret asks for one line that is not shown.
func (p *Prompt) Secret(question string) (string, error) {
	return p.raw(question, func() (string, error) { return p.lines.ReadPassword("> ") })
}

// Yes asks a question that Enter alone answers as offered.
func (p *Prompt) Yes(question string, offer bool) (bool, error) {
	choice := " (y/N)"
	if offer {
		choice = " (Y/n)"
	}
	for {
		answer, err := p.Line(question+choice, "")
		if err != nil {
			return false, err
		}

		switch strings.ToLower(answer) {
		case "":
			return offer, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		fmt.Fprintln(p.out, "  y or n, please")
	}
}
