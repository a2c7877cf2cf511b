// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	grace     = 500 * time.Millisecond // for a child to switch the field off and end
	lastWords = 300                    // bytes kept of what a child says of its end
	gaveUp    = 1                      // exit status of a child that has told why
)

// A Supervisor runs the reader in a child process and starts it again whenever it
// ends, hangs or talks nonsense.
type Supervisor struct {
	// Command is the child's program and arguments. It writes events to its
	// standard output, and ends when its standard input does. The UID of a tag
	// that lay on the reader when the last child ended comes as one argument more.
	Command []string

	// Path is the program, if it is not found under Command's first word.
	Path string

	// Resting is the UID of the tag that lies on the reader, or "".
	Resting string

	// Reset opens the line that is pulsed when new children do not bring the reader
	// back; nil without one.
	Reset func() (ResetLine, error)

	// Turn is called whenever the supervision has come round, at least each 6 s; may be nil.
	Turn func()

	spared string    // the tag in whose last tap a child died
	well   time.Time // when a child last was
}

func (s *Supervisor) turn() {
	if s.Turn != nil {
		s.Turn()
	}
}

// Run passes the child's events on until ctx ends, which ends the child too.
// Beats are not passed on.
func (s *Supervisor) Run(ctx context.Context, events chan<- Event) {
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var l ladder
	s.well = time.Now()
	for ctx.Err() == nil {
		s.turn()
		started := time.Now()
		state := s.once(ctx, events)
		if ctx.Err() != nil {
			return
		}
		reset, delay := l.ended(state, time.Since(started))
		if reset && s.Reset != nil {
			if err := pulse(s.Reset); err != nil {
				send(ctx, events, Event{Kind: EventFault, Err: err})
			}
		}
		sleep(ctx, delay)
	}
}

// once runs one child to its end, tells of an end that the child did not tell of
// itself, and returns how the reader was. A tap that was begun is ended for the child.
func (s *Supervisor) once(ctx context.Context, events chan<- Event) state {
	args := s.Command[1:]
	if s.Resting != "" && time.Since(s.well) < restsFor {
		args = append(slices.Clone(args), s.Resting)
	}
	cmd := exec.Command(s.Command[0], args...)
	if s.Path != "" {
		cmd.Path, cmd.Err = s.Path, nil
	}
	// A child that is stopped or stuck would not see its standard input end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = []string{"GOTRACEBACK=none", "GODEBUG=asyncpreemptoff=1"}
	words := &tail{}
	cmd.Stderr = words
	life, lifeErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := cmp.Or(lifeErr, outErr); err != nil {
		send(ctx, events, Event{Kind: EventFault, Err: err})
		return silent
	}
	if err := cmd.Start(); err != nil {
		send(ctx, events, Event{Kind: EventFault, Err: err})
		return silent
	}

	lines := make(chan Event)
	read := make(chan error, 1)
	done := make(chan struct{})
	go func() { read <- readLines(out, lines, done) }()

	last, err := s.follow(ctx, lines, read, events)
	close(done)
	life.Close()
	kill := time.AfterFunc(grace, func() { cmd.Process.Kill() })
	exit := cmd.Wait()
	kill.Stop()
	if err == nil && (last == well || cmd.ProcessState.ExitCode() != gaveUp) {
		err = words.explain(exit)
	}
	if err != nil {
		send(ctx, events, Event{Kind: EventFault, Err: err})
	}
	return last
}

// follow passes events on until the child ends, is silent, or ctx ends. The error
// is a child's that must be ended.
func (s *Supervisor) follow(ctx context.Context, lines <-chan Event, read <-chan error, events chan<- Event) (last state, err error) {
	var open *Tap
	defer func() {
		if open != nil {
			s.spare(open.UID)
			open.Reason, open.Read = scan.ReasonTorn, time.Now()
			send(ctx, events, Event{Kind: EventTap, Tap: *open})
		}
	}()
	hang := time.NewTimer(silence)
	defer hang.Stop()
	for {
		s.turn()
		hang.Reset(silence) // here, since a send may have waited for longer
		select {
		case <-ctx.Done():
			return last, nil
		case <-hang.C:
			return last, fmt.Errorf("the reader's process was silent for %v", silence)
		case err := <-read:
			if errors.Is(err, errBadLine) || errors.Is(err, bufio.ErrTooLong) {
				return last, err
			}
			return last, nil
		case e := <-lines:
			switch e.Kind {
			case EventBeat:
				s.Resting, s.well = e.Tap.UID, time.Now()
				continue
			case EventReady:
				last = well
			case EventFault:
				last = absent
				if e.Silent {
					last = silent
				}
			case EventEntered:
				open, s.Resting = &e.Tap, e.Tap.UID
			case EventTap:
				open, s.spared = nil, ""
			case EventLeft:
				s.Resting, s.spared = "", ""
			}
			send(ctx, events, e)
		}
	}
}

// spare takes a tap that was torn by its child's death for none: nothing of it was
// posted, and a tag that is still there is a new tap. One in whose taps children die
// each time is not.
func (s *Supervisor) spare(uid string) {
	if s.spared != uid {
		s.spared, s.Resting = uid, ""
	}
}

func readLines(out io.Reader, lines chan<- Event, done <-chan struct{}) error {
	s := bufio.NewScanner(out)
	s.Buffer(make([]byte, 0, maxLine), maxLine)
	for s.Scan() {
		e, err := decodeEvent(s.Bytes())
		if err != nil {
			return err
		}
		select {
		case lines <- e:
		case <-done:
			return nil
		}
	}
	return s.Err()
}

func send(ctx context.Context, events chan<- Event, e Event) {
	select {
	case events <- e:
	case <-ctx.Done():
	}
}

// tail keeps the beginning of what a child says on standard error, where libnfc
// and the Go runtime say why they gave up.
type tail struct{ said []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.said = append(t.said, b[:min(len(b), lastWords-len(t.said))]...)
	return len(b), nil
}

func (t *tail) explain(exit error) error {
	first, _, _ := strings.Cut(strings.TrimSpace(string(t.said)), "\n")
	switch {
	case exit == nil:
		return errors.New("the reader's process ended")
	case first == "":
		return fmt.Errorf("the reader's process ended: %w", exit)
	default:
		return fmt.Errorf("the reader's process ended: %w: %q", exit, first)
	}
}
