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

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/sim"
)

// A second program that wants the port is told who has it, and the first one goes on.
func TestPortIsHeld(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	w := newWounded(t, "libnfc")
	holder := childOf(w.rig, w.pid)
	second := w.another("")
	second.awaitLine(fmt.Sprintf("(process %d)", holder))
	if log := second.daemon.Log(); !strings.Contains(log, `"service_code":2`) {
		t.Errorf("no service code 2 in\n%s", log)
	}
	w.genuineTap("beside a second daemon", time.Now(), patience)
	second.daemon.Process().Signal(syscall.SIGTERM)
	second.daemon.Wait()
}

// another starts a second daemon on the same reader, with a state of its own and more
// lines in its table [reader].
func (w *wounded) another(more string) *rig {
	w.Helper()
	config, err := os.ReadFile(w.config)
	if err != nil {
		w.Fatal(err)
	}
	dir := w.TempDir()
	text := strings.ReplaceAll(string(config), filepath.Join(w.bench.Dir, "state"), dir)
	text = strings.ReplaceAll(text, filepath.Join(w.bench.Dir, "api.sock"), filepath.Join(dir, "api.sock"))
	text = strings.Replace(text, "[tags]", more+"[tags]", 1)
	second := &rig{T: w.T, bench: w.bench, config: filepath.Join(dir, "config.toml")}
	if err := os.WriteFile(second.config, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
	second.exec()
	return second
}

// Two daemons do not share a state directory.
func TestStateDirHasOneDaemon(t *testing.T) {
	t.Parallel()
	onEachBench(t, func(*sim.Bench) {}, "", func(r *rig) {
		_, errs, status := r.edge("run")
		if status != exitConfig || !strings.Contains(errs, "station.state_dir") || !strings.Contains(errs, "another tagbase-edge") {
			r.Errorf("a second daemon ended with %d: %s", status, errs)
		}
		r.want(r.tap("genuine-424"), "pending", "")
	})
}
