// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/tagbase/tagbase-edge/internal/await"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
	"golang.org/x/sys/unix"
)

// A testTerminal is a person's: tagbase-edge runs on it, and the test types and reads.
type testTerminal struct {
	*testStation
	pty  *simreader.PTY
	cmd  *exec.Cmd
	done chan error

	mu   sync.Mutex
	said []byte
	seen int // of said, by expect
}

// onTerminal starts a command on a pseudo-terminal that is set as a login has it.
func (r *testStation) onTerminal(args ...string) *testTerminal {
	r.Helper()
	link := filepath.Join(r.TempDir(), "tty")
	pty, err := simreader.OpenPTY(link)
	if err != nil {
		r.Fatal(err)
	}

	slave, err := os.OpenFile(link, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		r.Fatal(err)
	}

	setCookedMode(r, slave)
	t := &testTerminal{testStation: r, pty: pty, done: make(chan error, 1)}
	t.cmd = exec.Command("tagbase-edge", args...)
	t.cmd.Env = append(os.Environ(), "TERM=dumb")
	t.cmd.Stdin, t.cmd.Stdout, t.cmd.Stderr = slave, slave, slave
	t.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := t.cmd.Start(); err != nil {
		r.Fatal(err)
	}

	var reading sync.WaitGroup
	reading.Go(t.read)
	go func() { t.done <- t.cmd.Wait() }()
	r.Cleanup(func() {
		t.cmd.Process.Kill()
		slave.Close()
		pty.Close()
		reading.Wait()
		if r.Failed() {
			r.Logf("on the terminal:\n%s", t.screen())
		}
	})

	return t
}

// setCookedMode has a terminal echo, edit lines and send signals.
func setCookedMode(r *testStation, f *os.File) {
	r.Helper()
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		r.Fatal(err)
	}

	t.Iflag |= unix.ICRNL
	t.Oflag |= unix.OPOST | unix.ONLCR
	t.Lflag |= unix.ECHO | unix.ICANON | unix.ISIG
	t.Cc[unix.VINTR] = 3
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t); err != nil {
		r.Fatal(err)
	}
}

func (t *testTerminal) read() {
	b := make([]byte, 4096)
	for {
		n, err := t.pty.Read(b)
		t.mu.Lock()
		t.said = append(t.said, b[:n]...)
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (t *testTerminal) screen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.said)
}

// expect waits until text has been written since the last expect.
func (t *testTerminal) expect(text string) {
	t.Helper()
	await.Until(t, fmt.Sprintf("%q on the terminal", text), func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()

		at := bytes.Index(t.said[t.seen:], []byte(text))
		if at >= 0 {
			t.seen += at + len(text)
		}
		return at >= 0
	})
}

func (t *testTerminal) enter(line string) {
	t.Helper()
	if _, err := t.pty.Write([]byte(line + "\r")); err != nil {
		t.Fatal(err)
	}
}

// answer waits for a question and answers it.
func (t *testTerminal) answer(question, line string) {
	t.Helper()
	t.expect(question)
	t.enter(line)
}

func (t *testTerminal) ends(status int) {
	t.Helper()
	await.Value(t, "the end of the command", t.done)

	if got := t.cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("it ended with status %d, want %d", got, status)
	}
}
