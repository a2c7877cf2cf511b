// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/api"
	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
)

// A faultyStation is one whose reader fails again and again.
type faultyStation struct {
	*testStation
	pid    int
	before heldResources
	late   *atomic.Int32 // verdicts beyond their limit, if those are only counted
}

func newFaultyStation(t *testing.T, device string) *faultyStation {
	t.Helper()
	w := newFaultyStationWithoutTap(t, device, nil)
	w.genuineTap("to begin with", time.Now(), await.Patience)
	w.before = w.heldResources()
	return w
}

// newFaultyStationWithoutTap is one that has read no tag yet.
func newFaultyStationWithoutTap(t *testing.T, device string, set func(*sim.Bench)) *faultyStation {
	t.Helper()
	w := &faultyStation{testStation: newTestStation(t, device, "", set)}
	w.startForTheTest()
	w.pid = w.daemon.Process().Pid
	return w
}

func (w *faultyStation) unplug() {
	if err := w.bench.Unplug(); err != nil {
		w.Error(err)
	}
}

func (w *faultyStation) plug() {
	if err := w.bench.Plug(); err != nil {
		w.Error(err)
	}
}

// endure lets the reader fail while a tag is there, ends that, and then holds
// the next genuine tag to it.
func (w *faultyStation) endure(name, tag string, f readerFault, wound, mend func()) {
	w.Helper()
	child := childOf(w.testStation, w.pid)
	struck := w.bench.PN532.Broken()
	wound()
	if tag != "" {
		w.put(tag)
	}

	if f.kind != 0 {
		w.awaitStruck(name, tag, struck)
	}

	limit := 2 * time.Second
	switch {
	case f.stays:
		w.letPass(2500 * time.Millisecond) // long enough for a second child
		mend()
	case f.dies:
		w.await(name+": the reader's process is gone", func() bool { return !isAlive(child) })
		limit = time.Second
	case f.wait >= time.Second:
		w.letPass(f.wait)
	}

	ended := time.Now()
	w.bench.Field.Remove()
	if f.rests {
		// What lies there when the reader is back may have rested: the reader is back first.
		w.await(name+": the reader is back", w.readerIsUp)
		if took := time.Since(ended); took > limit && w.late == nil {
			w.Errorf("%s: the reader was back after %v, want it within %v", name, took, limit)
		}

		ended = time.Now()
	}

	away := 320 * time.Millisecond
	if tag != "" && !f.dies {
		away += 600 * time.Millisecond // the reader may still be busy with the tap that was struck
	}

	w.letPass(away)
	w.genuineTap(name, ended, limit)
	w.bench.PN532.Mend() // what did not strike
	if pid := w.daemon.Process().Pid; pid != w.pid || !isAlive(pid) {
		w.Fatalf("%s: the daemon is process %d now, was %d", name, pid, w.pid)
	}
}

// awaitStruck waits until the reader's fault has struck once more than before. On a busy machine a tap can be torn
// before the command at which the fault strikes. Then the tag is held to the reader again, as a person would do.
func (w *faultyStation) awaitStruck(name, tag string, before int) {
	w.Helper()
	const taps = 3

	struck := func() bool { return w.bench.PN532.Broken() > before }
	for tap := 1; tag != "" && tap < taps; tap++ {
		if await.Holds(struck) {
			return
		}

		w.Logf("%s: tap %d did not meet the fault", name, tap)
		w.bench.Field.Remove()
		w.letPass(time.Second) // after 300 ms without it a tag has left; a busy machine looks late
		w.put(tag)
	}

	w.await(name+": struck", struck)
}

// genuineTap holds the tag to the reader until its verdict. Of the scans before it, in
// the fault, none may have accused it.
func (w *faultyStation) genuineTap(name string, since time.Time, limit time.Duration) {
	w.Helper()
	put := time.Now()
	w.put("genuine-424")
	for {
		scan := w.nextScan()
		if scan.Outcome != "pending" && scan.Outcome != "valid" && scan.Outcome != "unreadable" {
			w.Fatalf("%s: a genuine tag is %s %s", name, scan.Outcome, scan.Reason)
		}

		finished, err := time.Parse(time.RFC3339Nano, scan.Time)
		if err != nil {
			w.Fatal(err)
		}

		if scan.Outcome == "unreadable" || finished.Before(put) {
			continue
		}

		if took := finished.Sub(since); took > limit && w.late != nil {
			w.late.Add(1)
		} else if took > limit {
			w.Errorf("%s: the next tap's verdict came after %v, want it within %v", name, took, limit)
		}

		break
	}

	w.takeAway()
	w.letPass(300 * time.Millisecond) // a busy machine looks late
}

func (w *faultyStation) readerIsUp() bool {
	s, _, err := api.NewClient(filepath.Join(w.bench.Dir, "api.sock")).Status(w.Context())
	return err == nil && s.Reader.Up
}

func isAlive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
