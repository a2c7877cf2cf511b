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

// An other is what a user has without a station: a program that says "ready" once and "scan OUTCOME MICROSECONDS" of each
// tap, the time being that at which it had the URL.
type other struct {
	cmd   *exec.Cmd
	lines chan string
}

const (
	plainLoopName = "plain loop"
	scriptName    = "script"
)

func (r *rig) startOther(ctx context.Context, who string) (subject, error) {
	dir := r.bench.Dir
	ca := filepath.Join(dir, "ca.pem")
	var cmd *exec.Cmd
	if who == plainLoopName {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd = exec.Command(self, "plain-loop", "--device", r.bench.Device("libnfc"), "--base-url", r.bench.Base,
			"--ca", ca, "--key", r.bench.Key, "--lamps", dir)
	} else {
		for _, tool := range []string{"nfc-poll", "pn53x-tamashell", "curl", "stdbuf"} {
			if _, err := exec.LookPath(tool); err != nil {
				return nil, fmt.Errorf("%w: apt install libnfc-examples libnfc-pn53x-examples curl coreutils", err)
			}
		}
		file := filepath.Join(dir, "script.sh")
		if err := os.WriteFile(file, script, 0o755); err != nil {
			return nil, err
		}
		cmd = exec.Command("bash", file, r.bench.Device("libnfc"), r.bench.Base, ca, r.bench.Key, dir)
	}
	o := &other{cmd: cmd, lines: make(chan string, 16)}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(o.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			o.lines <- s.Text()
		}
	}()
	ready, cancel := context.WithTimeout(ctx, tapTime)
	defer cancel()
	if line, err := o.next(ready); err != nil || line != "ready" {
		return nil, errors.Join(fmt.Errorf("%s began with %q", who, line), err, o.stop())
	}
	return o, nil
}

func (o *other) next(ctx context.Context) (string, error) {
	select {
	case line, open := <-o.lines:
		if !open {
			return "", errors.New("it has ended")
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (o *other) tapped(ctx context.Context, _ time.Time) (e ending, err error) {
	line, err := o.next(ctx)
	if err != nil {
		return e, err
	}
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "scan" || words[1] != "valid" && words[1] != "pending" {
		return e, fmt.Errorf("it said %q", line)
	}
	at, err := strconv.ParseInt(words[2], 10, 64)
	return ending{read: time.UnixMicro(at), outcome: words[1]}, err
}

func (o *other) pids() []int { return family(o.cmd.Process.Pid) }

func (o *other) stop() error {
	syscall.Kill(-o.cmd.Process.Pid, syscall.SIGKILL) // its own group, made for it
	o.cmd.Wait()
	return nil
}
