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
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/journal"
	"github.com/tagbase/tagbase-edge/scan"
	"github.com/tagbase/tagbase-edge/sim"
)

// runWithConfig runs a command beside the daemon, with its configuration.
func (r *testStation) runWithConfig(args ...string) (stdout, stderr string, status int) {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), "tagbase-edge", append(args, "--config", r.config)...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.Fatal(err)
	}

	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// scans reads the journal as a program does.
func (r *testStation) scans(args ...string) (scans []sim.ScanLine) {
	r.Helper()
	out, errs, status := r.runWithConfig(append([]string{"scans", "--json"}, args...)...)
	if status != 0 || errs != "" {
		r.Fatalf("scans ended with %d: %s", status, errs)
	}

	for line := range strings.Lines(out) {
		var scan sim.ScanLine
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&scan); err != nil {
			r.Fatalf("%q: %v", line, err)
		}

		scans = append(scans, scan)
	}

	return scans
}

// awaitScans waits until the journal holds so many.
func (r *testStation) awaitScans(n int, args ...string) []sim.ScanLine {
	r.Helper()
	var scans []sim.ScanLine
	r.await(fmt.Sprintf("the journal holds %d scans", n), func() bool {
		scans = r.scans(args...)
		return len(scans) >= n
	})
	return scans
}

func TestScansShowsWhatWasLogged(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		var logged []sim.ScanLine
		for _, tag := range []string{"genuine-424", "foreign", "genuine-424", "blank"} {
			logged = append(logged, r.tap(tag))
		}

		got := r.awaitScans(4)
		for i, scan := range logged {
			want := scan
			want.Msg, want.Time = "", got[i].Time
			if i >= len(got) || got[i] != want {
				r.Fatalf("scan %d is journaled as\n%+v, and was logged as\n%+v", i, got[i], want)
			}
		}

		if got := r.scans("--outcome", "valid"); len(got) != 1 || got[0].Outcome != "valid" {
			r.Errorf("--outcome valid gave %+v", got)
		}

		if got := r.scans("--since", "1ms"); len(got) != 0 {
			r.Errorf("--since 1ms gave %+v", got)
		}

		if got := r.scans("--since", "1h"); len(got) != 4 {
			r.Errorf("--since 1h gave %d scans, want 4", len(got))
		}

		table, _, _ := r.runWithConfig("scans")
		lines := strings.Split(strings.TrimSpace(table), "\n")
		if len(lines) != 5 || !strings.Contains(lines[2], "entry_point") {
			r.Errorf("the table is\n%s", table)
		}

		_, errs, status := r.runWithConfig("scans", "--outcome", "genuine")
		if status == 0 || !strings.Contains(errs, "valid") {
			r.Errorf("an unknown outcome: %d, %s", status, errs)
		}
	})
}

func TestScansFollowShowsNewScans(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		r.tap("foreign")
		r.awaitScans(1)
		ctx, cancel := context.WithTimeout(r.Context(), 3*await.Patience) // ends a wait for a line that does not come
		defer cancel()
		cmd := exec.CommandContext(ctx, "tagbase-edge", "scans", "--follow", "--json", "--config", r.config)
		out, err := cmd.StdoutPipe()
		if err != nil {
			r.Fatal(err)
		}

		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it would follow for ever
		if err := cmd.Start(); err != nil {
			r.Fatal(err)
		}

		lines := bufio.NewScanner(out)
		for _, want := range []string{"foreign", "pending", "valid"} {
			if want != "foreign" {
				r.tap("genuine-424")
			}

			if !lines.Scan() || !strings.Contains(lines.Text(), `"outcome":"`+want+`"`) {
				r.Fatalf("followed to %q (%v), want %s", lines.Text(), lines.Err(), want)
			}
		}

		cmd.Process.Signal(syscall.SIGTERM) // not SIGINT: what starts in the background may ignore it
		cmd.Wait()
	})
}

func TestSessionShowsPlatformAndJournal(t *testing.T) {
	onEachReader(t, "", func(r *testStation) {
		id := r.tap("genuine-424").Session
		r.awaitScans(1)
		out, errs, status := r.runWithConfig("session", id)
		if status != 0 || errs != "" {
			r.Fatalf("session ended with %d: %s", status, errs)
		}

		for _, want := range []string{"session  " + id, "tag      " + sim.Tag424, "live for another ", "pending"} {
			if !strings.Contains(out, want) {
				r.Errorf("session says\n%s\nwithout %q", out, want)
			}
		}

		out, errs, status = r.runWithConfig("session", "ses_none")
		if status != 1 || !strings.Contains(errs, "no such session") || !strings.Contains(out, "none") {
			r.Errorf("an unknown session: %d\n%s%s", status, out, errs)
		}

		_, errs, status = r.runWithConfig("session", "../tags")
		if status == 0 || !strings.Contains(errs, "not a session id") {
			r.Errorf("not a session id: %d, %s", status, errs)
		}

		r.bench.Platform.Revoke()
		_, errs, status = r.runWithConfig("session", id)
		if status != 1 || !strings.Contains(errs, "refused this station's key") {
			r.Errorf("with a bad key: %d, %s", status, errs)
		}
	})
}

// Whatever stands in the journal, a terminal gets plain text.
func TestScansPrintNothingThatATerminalObeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hostile := "tag\x1b[2J\u202e\n\x07€"
	j, _ := journal.Open(filepath.Join(dir, "journal"), journal.Options{})
	j.Finish(scan.Record{Seq: j.NextSeq(), Time: time.Now(), Station: hostile,
		Outcome: scan.Outcome(hostile), Reason: scan.Reason(hostile), Tag: hostile,
		UID: hostile, Chip: hostile, Session: hostile})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	config := filepath.Join(dir, "config.toml")
	os.WriteFile(config, fmt.Appendf(nil, "[station]\nstate_dir = %q\n", dir), 0o644)
	for _, args := range [][]string{{"scans"}, {"scans", "--json"}} {
		out, err := exec.Command("tagbase-edge", append(args, "--config", config)...).Output()
		if err != nil || strings.Count(string(out), "\n") < 1 {
			t.Fatalf("%v: %q, %v", args, out, err)
		}

		for _, r := range string(out) {
			if r != '\n' && (r < ' ' || r == 0x7f || r == '\u202e') {
				t.Errorf("%v: %q reaches the terminal in %q", args, r, out)
				break
			}
		}
	}
}
