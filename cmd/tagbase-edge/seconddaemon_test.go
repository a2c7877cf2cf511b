// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/reader"
)

// A second daemon on the same port reports which process holds it, and the first one works on.
func TestSecondDaemonOnAPortIsToldWhoHoldsIt(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	w := newFaultyStation(t, "libnfc")
	holder := childOf(w.testStation, w.pid)
	second := w.startSecondDaemon("")
	second.awaitLine(fmt.Sprintf("(process %d)", holder))
	if log := second.daemon.Log(); !strings.Contains(log, `"service_code":2`) {
		t.Errorf("no service code 2 in\n%s", log)
	}

	w.genuineTap("beside a second daemon", time.Now(), await.Patience)
	second.daemon.Process().Signal(syscall.SIGTERM)
	second.daemon.Wait()
}

// startSecondDaemon starts one on the same reader, with a state of its own and more
// lines in its table [reader].
func (w *faultyStation) startSecondDaemon(more string) *testStation {
	w.Helper()
	config, err := os.ReadFile(w.config)
	if err != nil {
		w.Fatal(err)
	}

	dir := w.TempDir()
	text := strings.ReplaceAll(string(config), filepath.Join(w.bench.Dir, "state"), dir)
	text = strings.ReplaceAll(text, filepath.Join(w.bench.Dir, "api.sock"), filepath.Join(dir, "api.sock"))
	text = strings.Replace(text, "[tags]", more+"[tags]", 1)
	second := &testStation{T: w.T, bench: w.bench, config: filepath.Join(dir, "config.toml")}
	if err := os.WriteFile(second.config, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}

	second.startDaemon()
	return second
}

// Two daemons do not share a state directory.
func TestSecondDaemonOnAStateDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	onEachReaderWith(t, nil, "", func(r *testStation) {
		_, errs, status := r.runWithConfig("run")
		if status != exitConfig ||
			!strings.Contains(errs, "station.state_dir") || !strings.Contains(errs, "another tagbase-edge") {
			r.Errorf("a second daemon ended with %d: %s", status, errs)
		}

		r.wantOutcome(r.tap("genuine-424"), "pending", "")
	})
}
