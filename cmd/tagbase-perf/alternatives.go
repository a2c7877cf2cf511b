// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed script.sh
var script []byte

// The alternatives, by the names that the report gives them.
const (
	plainLoopName = "plain loop"
	scriptName    = "script"
)

// An alternative is a program that a user could write instead of installing a
// station. It prints "ready" once, and "scan OUTCOME MICROSECONDS" after each
// tap: the Unix time at which it had the URL.
type alternative struct {
	cmd   *exec.Cmd
	lines chan string // closed when the program ends
}

// startAlternative starts an alternative on the bench and waits until it is
// ready.
func startAlternative(ctx context.Context, b *seriesBench, who string) (subject, error) {
	cmd, err := b.alternativeCommand(who)
	if err != nil {
		return nil, err
	}

	a := &alternative{cmd: cmd, lines: make(chan string, 16)}
	cmd.Stderr = os.Stderr
	// A process group of its own, which stop kills with everything that the program started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}

	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}

	// Ends with the program's output, at the latest when stop kills it.
	go func() {
		defer close(a.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			a.lines <- s.Text()
		}
	}()

	ready, cancel := context.WithTimeout(ctx, tapTime)
	defer cancel()
	if line, err := a.nextLine(ready); err != nil || line != "ready" {
		return nil, errors.Join(fmt.Errorf("%s began with %q", who, line), err, a.stop())
	}
	return a, nil
}

func (b *seriesBench) alternativeCommand(who string) (*exec.Cmd, error) {
	dir := b.Dir
	device, ca := b.Device("libnfc"), filepath.Join(dir, "ca.pem")

	// The plain loop is this program again, in a process of its own like any other.
	if who == plainLoopName {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return exec.Command(self, "plain-loop", "--device", device, "--base-url", b.Base,
			"--ca", ca, "--key", b.Key, "--lamps", dir), nil
	}

	for _, tool := range []string{"nfc-poll", "pn53x-tamashell", "curl", "stdbuf"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%w: apt install libnfc-examples libnfc-pn53x-examples curl coreutils", err)
		}
	}

	file := filepath.Join(dir, "script.sh")
	if err := os.WriteFile(file, script, 0o755); err != nil {
		return nil, err
	}
	return exec.Command("bash", file, device, b.Base, ca, b.Key, dir), nil
}

func (a *alternative) nextLine(ctx context.Context) (string, error) {
	// If both are ready either may win: the time is up in any case.
	select {
	case line, open := <-a.lines:
		if !open {
			return "", errors.New("the program has ended")
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (a *alternative) tapped(ctx context.Context, _ time.Time) (report tapReport, err error) {
	line, err := a.nextLine(ctx)
	if err != nil {
		return report, err
	}
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "scan" || words[1] != "valid" && words[1] != "pending" {
		return report, fmt.Errorf("the program printed %q", line)
	}

	at, err := strconv.ParseInt(words[2], 10, 64)
	return tapReport{read: time.UnixMicro(at), outcome: words[1]}, err
}

func (a *alternative) pids() []int { return family(a.cmd.Process.Pid) }

// stop kills the program with everything that it started.
func (a *alternative) stop() error {
	syscall.Kill(-a.cmd.Process.Pid, syscall.SIGKILL)

	// Wait can only report that the program was killed.
	a.cmd.Wait()
	return nil
}
