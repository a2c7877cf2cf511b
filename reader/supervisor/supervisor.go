// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"bufio"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
)

const (
	grace    = 500 * time.Millisecond // for a child to switch the field off and end
	exitTold = 1                      // exit status of a child that has emitted why it ends
)

// A Supervisor runs the reader in a child process (reader.Child), and starts a new one whenever the child
// ends, hangs or writes nonsense.
type Supervisor struct {
	// Command is the child's program and arguments. It writes events to its
	// standard output, and ends when its standard input does. The UID of a tag
	// that lay on the reader when the last child ended comes as one argument more.
	Command []string

	// Path is the program, if it is not found under Command's first word.
	Path string

	// Resting is the UID, in hex, of the tag that lies on the reader, or "".
	Resting string

	// Reset opens the line that is pulsed when new children do not bring the reader
	// back; nil without one.
	Reset func() (ResetLine, error)

	// Turn is called at least every 6 s, to show that the supervision is alive; may be nil.
	Turn func()

	spared    string    // the UID of the tag in whose last tap a child died
	well      time.Time // when a child last showed that its reader was well
	since     time.Time // since when something rests on the reader, as the station was told; zero if nothing does
	haltFails bool      // as the station was told
}

// Run passes the child's events on until ctx ends, which ends the child too. Of the beats it passes on
// those after which something else rests on the reader, or nothing any more, or which say anew how it halts tags.
// Every entered is followed by a tap, even if the child dies in between.
func (s *Supervisor) Run(ctx context.Context, events chan<- reader.Event) {
	// The kernel kills the child when the thread that started it ends (PR_SET_PDEATHSIG,
	// prctl(2)): it must not end before the daemon does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var steps ladder
	s.well = time.Now()
	for ctx.Err() == nil {
		s.turn()
		started := time.Now()
		left := s.runChild(ctx, events)
		if ctx.Err() != nil {
			return
		}

		reset, delay := steps.childEnded(left, time.Since(started))
		if reset && s.Reset != nil {
			if err := pulse(s.Reset); err != nil {
				send(ctx, events, reader.Event{Kind: reader.EventFault, Err: err})
			}
		}

		// The end of ctx ends the delay too.
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
	}
}

func (s *Supervisor) turn() {
	if s.Turn != nil {
		s.Turn()
	}
}

// runChild runs one child to its end, emits a fault if the child did not say why it ends,
// and returns how it left the reader.
func (s *Supervisor) runChild(ctx context.Context, events chan<- reader.Event) readerState {
	words := &firstWords{}
	cmd := s.command(words)
	life, lifeErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	err := cmp.Or(lifeErr, outErr)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		send(ctx, events, reader.Event{Kind: reader.EventFault, Err: err})
		return readerSilent
	}

	// Ends when the child's output does, or at its next line once nobody follows.
	lines := make(chan reader.Event)
	read := make(chan error, 1)
	done := make(chan struct{})
	go func() { read <- readLines(out, lines, done) }()
	left, err := s.follow(ctx, lines, read, events)
	close(done)

	// The end of its input asks the child to end. One that is stuck in C cannot, and is killed.
	life.Close()
	kill := time.AfterFunc(grace, func() { cmd.Process.Kill() })
	exit := cmd.Wait()
	kill.Stop()

	if err == nil && (left == readerWell || cmd.ProcessState.ExitCode() != exitTold) {
		err = words.explain(exit)
	}
	if err != nil {
		send(ctx, events, reader.Event{Kind: reader.EventFault, Err: err})
	}
	return left
}

// command returns the next child, not yet started.
func (s *Supervisor) command(words io.Writer) *exec.Cmd {
	// A tag that lies there after ten minutes without a reader counts as a new tap.
	args := s.Command[1:]
	if s.Resting != "" && time.Since(s.well) < reader.RestsFor {
		args = append(slices.Clone(args), s.Resting)
	}

	cmd := exec.Command(s.Command[0], args...)
	if s.Path != "" {
		cmd.Path, cmd.Err = s.Path, nil
	}

	// A child that is stopped or stuck would not see its standard input end when the daemon dies.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// Nothing of the daemon's environment reaches the process that parses tags. Its goroutines do
	// not run for long: Go's signals to preempt them would only interrupt libnfc's calls.
	cmd.Env = []string{"GOTRACEBACK=none", "GODEBUG=asyncpreemptoff=1"}
	cmd.Stderr = words
	return cmd
}

// follow passes events on until the child ends, is silent, or ctx ends. It ends a tap that the child did
// not. The error is that of a child which must be ended.
func (s *Supervisor) follow(
	ctx context.Context, lines <-chan reader.Event, read <-chan error, events chan<- reader.Event,
) (left readerState, err error) {
	var open *reader.Tap // has entered, and is not final
	defer func() {
		if open != nil {
			s.spare(open.UID)
			open.Reason, open.Read = scan.ReasonTorn, time.Now()
			send(ctx, events, reader.Event{Kind: reader.EventTap, Tap: *open})
		}
	}()

	hang := time.NewTimer(silence)
	defer hang.Stop()

	for {
		s.turn()
		// The child's silence counts from here: the send before may have taken longer than that.
		hang.Reset(silence)

		// Any order is right: read comes after the last line, and after the end of ctx nobody listens.
		select {
		case <-ctx.Done():
			return left, nil
		case <-hang.C:
			return left, fmt.Errorf("the reader's process was silent for %v", silence)
		case err := <-read:
			if errors.Is(err, reader.ErrBadLine) || errors.Is(err, bufio.ErrTooLong) {
				return left, err
			}
			return left, nil // its exit status says more than an error of the pipe
		case e := <-lines:
			// What the next child must know, should this one die here.
			switch e.Kind {
			case reader.EventBeat:
				s.Resting, s.well = e.Tap.UID, time.Now()
				if !s.rests(e.Tap.Entered) && e.HaltFails == s.haltFails {
					continue
				}
				s.haltFails = e.HaltFails
			case reader.EventReady:
				left = readerWell
			case reader.EventFault:
				left = readerAbsent
				if e.Silent {
					left = readerSilent
				}
			case reader.EventEntered:
				open, s.Resting = &e.Tap, e.Tap.UID
			case reader.EventTap:
				open, s.spared = nil, ""
			case reader.EventLeft:
				s.Resting, s.spared = "", ""
			}
			send(ctx, events, e)
		}
	}
}

// rests notes since when something rests on the reader, and reports whether that is news.
func (s *Supervisor) rests(since time.Time) bool {
	// The clocks of two processes agree within microseconds.
	if since.IsZero() == s.since.IsZero() && since.Sub(s.since).Abs() < reader.BeatEvery {
		return false
	}
	s.since = since
	return true
}

// spare forgets a tap that was torn by its child's death: nothing of it was
// posted, and a tag that is still there is a new tap. A tag in whose taps children die
// every time is not.
func (s *Supervisor) spare(uid string) {
	was, _ := hex.DecodeString(s.spared)
	is, _ := hex.DecodeString(uid)
	if !reader.SameOrRandom(was, is) {
		s.spared, s.Resting = uid, ""
	}
}

// readLines passes on what the child writes until it ends (nil), writes nonsense, or done is closed.
func readLines(out io.Reader, lines chan<- reader.Event, done <-chan struct{}) error {
	s := bufio.NewScanner(out)
	// A child that never ends its line must not fill the memory.
	s.Buffer(make([]byte, 0, reader.MaxLine), reader.MaxLine)
	for s.Scan() {
		e, err := reader.DecodeEvent(s.Bytes())
		if err != nil {
			return err
		}

		// Nobody takes lines from a child that is to end.
		select {
		case lines <- e:
		case <-done:
			return nil
		}
	}
	return s.Err()
}

// send waits for the receiver as long as ctx lasts.
func send(ctx context.Context, events chan<- reader.Event, e reader.Event) {
	select {
	case events <- e:
	case <-ctx.Done():
	}
}
