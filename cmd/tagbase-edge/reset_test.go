// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// A reader that hangs, or answers one behind, until it is reset is reset, by the line wired to RSTPDN.
func TestResetLineBringsBackAReader(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]simreader.FaultKind{
		"hung": simreader.HangBeforeACK, "one answer behind": simreader.OneBehind,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &faultyStation{testStation: newTestStation(t, "libnfc", "", nil)}
			line := filepath.Join(w.bench.Dir, "rstpdn")
			w.replaceInFile(w.config, "[tags]", fmt.Sprintf("reset_gpio = \"file:%s\"\n[tags]", line))

			w.startForTheTest()
			w.genuineTap("to begin with", time.Now(), await.Patience)
			w.bench.PN532.Break(simreader.Fault{Kind: kind})
			w.await("pulled low", func() bool {
				level, _ := os.ReadFile(line)
				return string(level) == "1\n"
			})

			w.bench.PN532.Reset()
			w.genuineTap("after the reset", time.Now(), 2*time.Second)
			if level, err := os.ReadFile(line); string(level) != "0\n" || err != nil {
				t.Errorf("the line is left at %q, %v", level, err)
			}
		})
	}
}

// Service codes 1 and 2 are shown, and cleared when the reader is back.
func TestReaderServiceCodesAreShownAndCleared(t *testing.T) {
	t.Parallel()
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			w := newFaultyStation(t, device)
			w.unplug()
			w.awaitLine(`"service_code":1`)
			w.awaitLamps(amber)
			w.plug()
			w.awaitLine(`"reader ready"`)
			w.awaitLamps(dark)
			if device == "libnfc" {
				w.bench.PN532.Break(simreader.Fault{Kind: simreader.HangBeforeACK})
			} else {
				w.bench.Silence(true)
			}

			w.awaitLine(`"service_code":2`)
			w.awaitLamps(amber)
			w.bench.PN532.Mend()
			w.bench.Silence(false)
			w.awaitLine(`"reader ready"`)
			w.genuineTap("afterwards", time.Now(), await.Patience)
		})
	}
}

// A daemon that does not have the port leaves the reader of the one that has it alone.
func TestResetLineIsNotPulledForAHeldPort(t *testing.T) {
	t.Parallel()
	w := newFaultyStationWithoutTap(t, "libnfc", nil)
	line := filepath.Join(w.bench.Dir, "rstpdn")
	second := w.startSecondDaemon(fmt.Sprintf("reset_gpio = \"file:%s\"\n", line))
	second.awaitLine(`"service_code":2`)
	w.letPass(4 * time.Second)
	if _, err := os.ReadFile(line); err == nil {
		t.Error("it pulled the reset line")
	}

	if err := second.daemon.Stop(); err != nil {
		t.Error(err)
	}
}
