// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	tapPatience = 3 * time.Minute // for a person to come with a tag
	lastLook    = 3 * time.Second // at a verdict's lamp
)

// liveTap runs the station as it would be, on a journal of its own, until a tag
// has been judged.
func (s *setup) liveTap(ctx context.Context) error {
	tap := s.tap
	if s.ask != nil && !s.given("tap") {
		s.title("Live tap")
		var err error
		if tap, err = s.ask.yes("Hold one of your tags to the reader, and see the lamps?", true); err != nil {
			return err
		}
	}
	if !tap {
		return nil
	}
	dir, err := os.MkdirTemp("", "tagbase-setup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	trial := draft{}
	for key, value := range s.draft {
		trial[key] = value
	}
	trial.set("station.state_dir", filepath.Join(dir, "state"))
	trial.set("station.socket", filepath.Join(dir, "socket"))
	trial.set("platform.key_file", s.storedKey())
	delete(trial, "page.listen")
	file := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, trial.toml(), 0o600); err != nil {
		return err
	}
	if _, problems := loadConfig(file); len(problems) > 0 {
		tell(s.out, file, problems)
		return exitError(exitFailed)
	}
	ctx, cancel := context.WithTimeout(ctx, tapPatience)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	s.say("Ctrl-C leaves the tap out.")
	err = s.follow(ctx, file)
	switch {
	case errors.Is(err, context.Canceled):
		s.say("\nThe tap is left out.")
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("no tag was judged within three minutes")
	}
	if err != nil && s.ask != nil {
		s.say("  %v", err)
		return nil
	}
	return err
}

// follow runs a station and tells of its taps, until one has a verdict.
func (s *setup) follow(ctx context.Context, file string) error {
	// The kernel ends the station when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command, err := itself("run", "--config", file)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	// A terminal's Ctrl-C is for setup, which then stops the station.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	judged := false
	for lines := bufio.NewScanner(log); !judged && lines.Scan(); {
		judged = s.tellOf(lines.Bytes())
	}
	if judged {
		select {
		case <-time.After(lastLook):
		case <-ctx.Done():
		}
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // if it has ended, that is well
	err = cmd.Wait()
	switch {
	case judged:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return fmt.Errorf("the station ended: %w", err)
	}
}

// words are what a person is told of an outcome.
var words = map[string]string{
	"pending":    "The platform wants a second tap: take the tag away, and hold it to the reader again.",
	"valid":      "Genuine: the green lamp is lit.",
	"invalid":    "Not genuine: the red lamp is lit.",
	"unknown":    "The platform gave no usable answer: tap again.",
	"not_sent":   "The platform was not reached: tap again.",
	"refused":    "The platform refused the scan.",
	"foreign":    "A tag, but not one of yours: its URL does not begin with an entry point.",
	"unreadable": "No URL could be read from this tag: hold it still, or take another.",
}

// tellOf tells a person of one line of the station's log, and whether it was a verdict.
func (s *setup) tellOf(line []byte) (judged bool) {
	var l struct{ Msg, Outcome, Reason, Error string }
	if json.Unmarshal(line, &l) != nil {
		return false
	}
	switch {
	case l.Msg == "reader ready":
		s.say("  The reader waits for a tag.")
	case l.Msg == "scan" && l.Reason != "":
		s.say("  %s (%s, %s)", words[l.Outcome], l.Outcome, l.Reason)
	case l.Msg == "scan":
		s.say("  %s", words[l.Outcome])
	case l.Error != "":
		s.say("  %s: %s", l.Msg, l.Error)
	}
	return l.Msg == "scan" && (l.Outcome == "valid" || l.Outcome == "invalid")
}
