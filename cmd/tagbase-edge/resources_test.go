// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// heldResources are what a process may fail to give back.
type heldResources struct{ descriptors, threads, children, kib int }

func (w *faultyStation) heldResources() heldResources {
	w.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.pid))
	if err != nil {
		w.Fatal(err)
	}

	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", w.pid))
	if err != nil {
		w.Fatal(err)
	}

	return heldResources{len(fds), len(threads), len(children(w.pid)), residentMemoryKiB(w.testStation, w.pid)}
}

// residentMemoryKiB is VmRSS of proc(5).
func residentMemoryKiB(r *testStation, pid int) int {
	r.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		r.Fatal(err)
	}

	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		r.Fatal(err)
	}

	return kib
}

// checkHeldResources wants no descriptor and no zombie left, and no more threads or memory than a
// runtime may take for itself.
func (w *faultyStation) checkHeldResources() {
	w.Helper()
	w.await("the daemon has let go", func() bool { return w.heldResources().descriptors <= w.before.descriptors+1 })
	after := w.heldResources()
	if after.children != 1 || after.threads > w.before.threads+8 || after.kib > w.before.kib+32<<10 {
		w.Errorf("before %+v, after %+v", w.before, after)
	}

	w.Logf("before %+v, after %+v", w.before, after)
}

// repeatCount is REPEAT, or a few.
func repeatCount(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("REPEAT"))
	if err != nil {
		return 8
	}

	t.Logf("REPEAT=%d", n)
	return n
}

// Aborts, hangs and unplugs, many times over.
func TestReaderFaultsAgainAndAgain(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	total := repeatCount(t)
	const stations = 8
	each := (total + stations - 1) / stations
	var late atomic.Int32 // a busy machine is late now and then
	t.Run("stations", func(t *testing.T) {
		for range stations {
			t.Run("station", func(t *testing.T) { againAndAgain(t, each, &late) })
		}
	})

	t.Logf("%d aborts, hangs and unplugs each: %d of %d verdicts came later than promised",
		stations*each, late.Load(), 3*stations*each)
	if int(late.Load()) > 3*stations*each/100+2 {
		t.Error("that is more than one in a hundred")
	}
}

func againAndAgain(t *testing.T, each int, late *atomic.Int32) {
	t.Parallel()
	w := newFaultyStation(t, "libnfc")
	w.late = late
	for i := range each {
		name := fmt.Sprint("repetition ", i)
		w.endure(name+" abort", "genuine-424", readerFault{kind: simreader.NADBit, dies: true}, func() {
			w.bench.PN532.Break(simreader.Fault{Kind: simreader.NADBit, On: inDataExchange})
		}, nil)
		w.endure(name+" hang", "", readerFault{kind: simreader.HangAfterACK, wait: time.Second}, func() {
			w.bench.PN532.Break(simreader.Fault{
				Kind: simreader.HangAfterACK, On: inListPassiveTarget, For: time.Second,
			})
		}, nil)
		w.endure(name+" unplug", "", readerFault{wait: time.Second}, func() {
			w.unplug()
			time.AfterFunc(time.Second, w.plug)
		}, nil)
	}

	w.checkHeldResources()
}

// An idle station, and one without its reader, leave the processor alone.
func TestIdleStationLeavesTheProcessorAlone(t *testing.T) {
	idle := os.Getenv("IDLE")
	if idle == "" {
		t.Skip("SKIPPED: a measurement: make soak-reader")
	}

	d, err := time.ParseDuration(idle)
	if err != nil {
		t.Fatal(err)
	}

	w := newFaultyStation(t, "libnfc")
	for _, state := range []string{"idle", "unplugged"} {
		if state == "unplugged" {
			w.unplug()
			w.letPass(2 * time.Second)
		}

		before := w.processorTime()
		w.letPass(d)
		share := float64(w.processorTime()-before) / float64(d)
		t.Logf("%s for %v: %.2f %% of a core, daemon and reader's process together", state, d, 100*share)
		if share > 0.02 {
			t.Errorf("%s takes %.2f %% of a core, want under 2 %%", state, 100*share)
		}
	}

	w.plug()
}

// processorTime is what the daemon, its children and those that have ended took:
// utime, stime, cutime and cstime of proc(5), in ticks of 10 ms.
func (w *faultyStation) processorTime() (sum time.Duration) {
	for _, pid := range append(children(w.pid), strconv.Itoa(w.pid)) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			w.Fatal(err)
		}

		_, rest, _ := strings.Cut(string(stat), ") ")
		for _, field := range strings.Fields(rest)[11:15] {
			ticks, err := strconv.Atoi(field)
			if err != nil {
				w.Fatal(err)
			}

			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}

	return sum
}
