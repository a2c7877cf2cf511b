// SPDX-License-Identifier: Apache-2.0

package setup

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

	"github.com/tagbase/tagbase-edge/internal/config"
	"github.com/tagbase/tagbase-edge/scan"
)

const (
	tapPatience = 3 * time.Minute // for a person to come with a tag
	lastLook    = 3 * time.Second // at a verdict's lamp, which is lit for 3 s
)

// tap runs the station as it will run, but on a journal of its own, until a tag has its verdict.
func (w *walk) tap(ctx context.Context) error {
	wanted := w.Tap
	if w.ask != nil && !w.Given("tap") {
		w.title("Live tap")
		var err error
		if wanted, err = w.ask.Yes("Hold one of your tags to the reader, and see the lamps?", true); err != nil {
			return err
		}
	}
	if !wanted {
		return nil
	}

	// Its own directory, so that the trial's scans are not in the station's journal.
	dir, err := os.MkdirTemp("", "tagbase-setup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := w.writeTrial(dir)
	if err != nil {
		return err
	}

	// From here on Ctrl-C ends the trial and not setup.
	ctx, cancel := context.WithTimeout(ctx, tapPatience)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	w.say("Ctrl-C skips the tap.")
	err = w.runStation(ctx, file)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(w.Out) // the terminal has echoed ^C
		w.say("The tap is skipped.")
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("no tag had its verdict within three minutes")
	}

	// The configuration may be right all the same: a person goes on, a playbook stops.
	if err != nil && w.ask != nil {
		w.say("  %v", err)
		return nil
	}
	return err
}

// writeTrial writes the configuration for a station that leaves nothing behind outside dir.
func (w *walk) writeTrial(dir string) (file string, err error) {
	trial := w.edit.Clone()
	trial.Set("station.state_dir", filepath.Join(dir, "state"))
	trial.Set("station.socket", filepath.Join(dir, "socket"))
	trial.Set("platform.key_file", w.storedKey())
	delete(trial, "page.listen")

	file = filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, trial.TOML(), 0o600); err != nil {
		return "", err
	}
	if _, problems := config.Load(file); len(problems) > 0 {
		config.Print(w.Out, problems)
		return "", ErrReported
	}
	return file, nil
}

// runStation runs a station and shows its taps, until one has a verdict.
func (w *walk) runStation(ctx context.Context, file string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}

	// Pdeathsig: the kernel ends the station when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, program, "run", "--config", file)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // longer than a scan in flight takes

	// A process group of its own: a terminal's Ctrl-C is for setup, which then stops the station.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}

	// The pipe ends with the station. After the verdict its lamp stays lit for a look.
	judged := false
	for lines := bufio.NewScanner(log); !judged && lines.Scan(); {
		judged = w.showLine(lines.Bytes())
	}
	if judged {
		// Ctrl-C cuts the look short.
		select {
		case <-time.After(lastLook):
		case <-ctx.Done():
		}
	}

	_ = cmd.Process.Signal(syscall.SIGTERM) // fails only if it has ended by itself
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

// outcomeTexts say what an outcome means for the person with the tag.
var outcomeTexts = map[scan.Outcome]string{
	scan.Pending:    "The platform wants a second tap: take the tag away, and hold it to the reader again.",
	scan.Valid:      "Genuine: the green lamp is lit.",
	scan.Invalid:    "Not genuine: the red lamp is lit.",
	scan.Unknown:    "The platform gave no usable answer: tap again.",
	scan.NotSent:    "The platform was not reached: tap again.",
	scan.Refused:    "The platform refused the scan.",
	scan.Foreign:    "A tag, but not one of yours: its URL does not begin with an entry point.",
	scan.Unreadable: "No URL could be read from this tag: hold it still, or take another one.",
	scan.Dropped:    "Too many taps at once: wait a moment.",
}

// showLine shows what a line of the station's log means, if it is about a tap or a fault. judged is
// true if it was a verdict.
func (w *walk) showLine(line []byte) (judged bool) {
	var l struct {
		Msg, Reason, Error string
		Outcome            scan.Outcome
	}
	if json.Unmarshal(line, &l) != nil {
		return false
	}

	// Without a reason the outcome says all.
	switch {
	case l.Msg == "reader ready":
		w.say("  The reader waits for a tag.")
	case l.Msg == "scan" && l.Reason != "":
		w.say("  %s (%s, %s)", outcomeTexts[l.Outcome], l.Outcome, l.Reason)
	case l.Msg == "scan":
		w.say("  %s", outcomeTexts[l.Outcome])
	case l.Error != "":
		w.say("  %s: %s", l.Msg, l.Error)
	}
	return l.Msg == "scan" && l.Outcome.Verdict()
}
