// SPDX-License-Identifier: Apache-2.0

//go:build device

package device

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// A machine runs systemd as its first process: an emulated board, or a container.
type machine interface {
	// Command is a shell script as root on the machine.
	Command(ctx context.Context, script string) *exec.Cmd
}

// output runs a script on a machine, and returns what it printed.
func output(ctx context.Context, m machine, script string) (string, error) {
	cmd := m.Command(ctx, script)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return strings.TrimSpace(out.String()), fmt.Errorf("%s: %w: %s%s", script, err, out.String(), errs.String())
	}

	return strings.TrimSpace(out.String()), nil
}

// A stream is the lines that a script on a machine prints for as long as it runs.
type stream struct {
	mu    sync.Mutex
	lines []string
	next  int           // the first line that await has not looked at
	news  chan struct{} // closed at the next line
	done  chan struct{}
}

var errStreamEnded = errors.New("the machine says no more")

// follow starts a script; each, if any, is told of each line.
func follow(ctx context.Context, m machine, script string, each func(line string)) (*stream, error) {
	s := &stream{news: make(chan struct{}), done: make(chan struct{})}
	cmd := m.Command(ctx, script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}

	go func() {
		defer close(s.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.add(lines.Text())
			if each != nil {
				each(lines.Text())
			}
		}

		cmd.Wait()
	}()

	return s, nil
}

func (s *stream) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
	close(s.news)
	s.news = make(chan struct{})
}

// forget passes over all that was said until now.
func (s *stream) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = len(s.lines)
}

// holds reports whether a line that await has not looked at holds the text.
func (s *stream) holds(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.lines[s.next:], func(line string) bool { return strings.Contains(line, text) })
}

// end is the last of what was said.
func (s *stream) end() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines[max(0, len(s.lines)-20):], "\n")
}

// await waits for the next line that is told to be the one.
func (s *stream) await(ctx context.Context, is func(line string) bool) error {
	for {
		s.mu.Lock()
		for s.next < len(s.lines) {
			line := s.lines[s.next]
			s.next++
			if is(line) {
				s.mu.Unlock()
				return nil
			}
		}

		news := s.news
		s.mu.Unlock()

		select {
		case <-news:
		case <-s.done:
			return errStreamEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
