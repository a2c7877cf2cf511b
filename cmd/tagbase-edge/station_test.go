// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// A testStation is the daemon as a process of its own, on a bench.
type testStation struct {
	*testing.T
	bench  *sim.Bench
	config string
	daemon *sim.Daemon
}

// newTestStation makes a bench and, once set has set it up, a configuration with more lines at its end. Nothing
// runs yet. set may be nil.
func newTestStation(t *testing.T, device, more string, set func(*sim.Bench)) *testStation {
	t.Helper()
	if device == "libnfc" && !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	bench, err := sim.NewBench(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bench.Close() })
	if set != nil {
		set(bench)
	}

	r := &testStation{T: t, bench: bench}
	if r.config, err = bench.WriteConfig(device, more); err != nil {
		t.Fatal(err)
	}
	return r
}

// onEachReader runs one test body on the virtual PN532 through libnfc and on
// the simulated reader.
func onEachReader(t *testing.T, more string, body func(r *testStation)) {
	t.Helper()
	t.Parallel()
	onEachReaderWith(t, nil, more, body)
}

// onEachReaderWith does so after the bench was set up.
func onEachReaderWith(t *testing.T, set func(*sim.Bench), more string, body func(r *testStation)) {
	t.Helper()
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			r := newTestStation(t, device, more, set)
			r.startForTheTest()
			body(r)
		})
	}
}

// startForTheTest starts the daemon, and stops it when the test ends.
func (r *testStation) startForTheTest() {
	r.Helper()
	r.startDaemonAndAwaitReader()
	r.Cleanup(func() {
		if err := r.daemon.Stop(); err != nil {
			r.Errorf("the daemon ended with %v", err)
		}

		r.searchForSecrets()
		if r.Failed() {
			r.Logf("the daemon's log:\n%s", r.daemon.Log())
		}
	})
}

// startDaemonAndAwaitReader starts the daemon and waits for its reader.
func (r *testStation) startDaemonAndAwaitReader() {
	r.Helper()
	r.startDaemon()
	r.awaitLine(`"reader ready"`)
}

func (r *testStation) startDaemon() {
	r.Helper()
	program, err := exec.LookPath("tagbase-edge")
	if err != nil {
		r.Fatal(err)
	}

	if r.daemon, err = sim.StartDaemon(program, r.config); err != nil {
		r.Fatal(err)
	}
}

// searchForSecrets looks for the key's secret in all that the daemon has written.
func (r *testStation) searchForSecrets() {
	r.Helper()
	_, secret, _ := strings.Cut(r.bench.Key, ":")
	written := map[string]string{"the log": r.daemon.Log()}
	err := filepath.WalkDir(r.bench.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "api-key" {
			return err
		}

		b, err := os.ReadFile(path)
		written[path] = string(b)
		return err
	})

	if err != nil {
		r.Error(err)
	}

	for where, text := range written {
		if strings.Contains(text, secret) {
			r.Errorf("the key's secret is in %s:\n%s", where, text)
		}
	}
}

func (r *testStation) awaitLine(text string) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), await.Patience)
	defer cancel()
	if err := r.daemon.AwaitLine(ctx, text); err != nil {
		r.Fatalf("waiting for %s: %v", text, err)
	}
}

func (r *testStation) put(tag string) {
	r.Helper()
	chip, ok := r.bench.Tags.Find(tag)
	if !ok {
		r.Fatalf("no tag %q", tag)
	}

	r.bench.Field.Put(chip)
}

// tap holds a tag to the reader until its scan is finished.
func (r *testStation) tap(tag string) sim.ScanLine {
	r.Helper()
	r.put(tag)
	scan := r.nextScan()
	r.takeAway()
	return scan
}

// letPass lets time pass where time itself is the condition: a tag has to be away for 300 ms before it
// counts as gone, a fault has to last, and in a silence nothing may happen.
func (r *testStation) letPass(d time.Duration) {
	r.Helper()
	select {
	case <-time.After(d):
	case <-r.Context().Done():
		r.Fatal("the test ended while it waited")
	}
}

// takeAway removes the tag, and waits until the reader has seen for 400 ms that nothing is there: after 300 ms a tag
// has left.
func (r *testStation) takeAway() {
	r.Helper()
	r.bench.Field.Remove()

	ctx, cancel := context.WithTimeout(r.Context(), await.Patience)
	defer cancel()
	if err := r.bench.Field.AwaitSeenEmpty(ctx, 400*time.Millisecond); err != nil {
		r.Fatalf("the reader does not see that the tag has left: %v", err)
	}
}

// await waits until a condition holds.
func (r *testStation) await(what string, holds func() bool) {
	r.Helper()
	await.Until(r, what, holds)
}

func (r *testStation) nextScan() sim.ScanLine {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), await.Patience)
	defer cancel()
	scan, err := r.daemon.NextScan(ctx)
	if err != nil {
		r.Fatalf("waiting for a scan: %v", err)
	}

	return scan
}

// holdAnswers makes the platform hold its answers from the next post on until answer is called. It sends every post on
// asked.
func (r *testStation) holdAnswers() (asked <-chan simplatform.Post, answer func()) {
	posts, release := make(chan simplatform.Post, 9), make(chan struct{}) // more posts than any of these tests has
	r.bench.Platform.OnPost(func(p simplatform.Post) {
		posts <- p
		<-release
	})

	answer = sync.OnceFunc(func() { close(release) })
	r.Cleanup(answer) // a platform that holds an answer does not close
	return posts, answer
}

// awaitLamps waits until exactly this lamp is lit, or all are dark.
func (r *testStation) awaitLamps(want sim.Lit) {
	r.Helper()
	if !await.Holds(func() bool { return r.bench.Lamps.Lit() == want }) {
		r.Fatalf("lamps %v, want %v", r.bench.Lamps.Lit(), want)
	}
}

var (
	green = sim.Lit{sim.Green: true}
	red   = sim.Lit{sim.Red: true}
	amber = sim.Lit{sim.Amber: true}
	dark  = sim.Lit{}
)

func (r *testStation) wantOutcome(scan sim.ScanLine, outcome, reason string) {
	r.Helper()
	if scan.Outcome != outcome || scan.Reason != reason {
		r.Fatalf("scan %d is %s %s, want %s %s", scan.Seq, scan.Outcome, scan.Reason, outcome, reason)
	}
}

func (r *testStation) killChild() (pid int) {
	r.Helper()
	pid = childOf(r, r.daemon.Process().Pid)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		r.Fatal(err)
	}

	return pid
}

// awaitNewChild waits until the daemon has another child than it had.
func (r *testStation) awaitNewChild(old int) {
	r.Helper()
	r.await("the daemon has a new child", func() bool {
		c := children(r.daemon.Process().Pid)
		return len(c) == 1 && c[0] != strconv.Itoa(old)
	})
}

// childOf is the one child of a process.
func childOf(r *testStation, pid int) int {
	r.Helper()
	c := children(pid)
	if len(c) != 1 {
		r.Fatalf("process %d has the children %q, want one", pid, c)
	}

	child, err := strconv.Atoi(c[0])
	if err != nil {
		r.Fatal(err)
	}

	return child
}

// children are the processes that a process has started, zombies too (proc(5), task/*/children).
func children(pid int) (pids []string) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		b, _ := os.ReadFile(list) // a thread may have ended meanwhile
		pids = append(pids, strings.Fields(string(b))...)
	}

	return pids
}
