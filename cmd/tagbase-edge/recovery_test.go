// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/sim"
)

// Commands of the PN532 (UM0701-02, 7) by which a station is struck.
const (
	presence   = 0x00 // Diagnose
	setUp      = 0x32 // RFConfiguration
	exchange   = 0x40 // InDataExchange: Type 4
	through    = 0x42 // InCommunicateThru: Type 2
	deselect   = 0x44 // InDeselect
	activation = 0x4A // InListPassiveTarget
)

// A readerFault is one way in which a reader fails, and what ends it.
type readerFault struct {
	name  string
	kind  sim.FaultKind
	wait  time.Duration // of Slow, Dribble and hangs that end by themselves
	times int
	stays bool // until it is mended
	dies  bool // the reader's process does
}

var readerFaults = []readerFault{
	{name: "hang before the ACK for ever", kind: sim.HangBeforeACK, stays: true},
	{name: "hang after the ACK for ever", kind: sim.HangAfterACK, stays: true},
	{name: "hang before the ACK for 1 s", kind: sim.HangBeforeACK, wait: time.Second},
	{name: "hang after the ACK for 1 s", kind: sim.HangAfterACK, wait: time.Second},
	{name: "dropped ACK", kind: sim.DropACK},
	{name: "NACK", kind: sim.AnswerNACK},
	{name: "garbage before", kind: sim.GarbageBefore},
	{name: "garbage instead", kind: sim.GarbageInstead},
	{name: "bad checksum", kind: sim.BadChecksum},
	{name: "bad length", kind: sim.BadLength},
	{name: "truncated", kind: sim.Truncated},
	{name: "dribble", kind: sim.Dribble, wait: 10 * time.Millisecond},
	{name: "slow", kind: sim.Slow, wait: 200 * time.Millisecond},
	{name: "slower than libnfc waits", kind: sim.Slow, wait: 500 * time.Millisecond},
	{name: "error frame", kind: sim.ErrorFrame},
	{name: "brown-out", kind: sim.BrownOut},
	{name: "nothing but bad checksums", kind: sim.BadChecksum, times: -1, stays: true},
	{name: "nothing but garbage", kind: sim.GarbageInstead, times: -1, stays: true},
}

// The daemon outlives every fault of its reader, at whatever command it strikes,
// judges no tap on it, and the next genuine tap gives its verdict within 2 s of the fault's end.
func TestReaderFaults(t *testing.T) {
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	for _, at := range []struct {
		name string
		code byte
		tag  string // that is put to be struck; "" is an empty field
	}{
		{"while nothing is there", activation, ""},
		{"while a tag is found", activation, "genuine-424"},
		{"in a read", exchange, "genuine-424"},
		{"in a read of a Type 2 tag", through, "genuine-223"},
		{"while another tag is looked for", deselect, "genuine-424"},
		{"while the field goes off", setUp, "genuine-223"},
		{"while a tag rests", presence, "genuine-424"},
	} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			w := newWounded(t, "libnfc")
			faults := readerFaults
			if at.code == exchange || at.code == through {
				faults = append(faults, readerFault{name: "status byte with bit 7", kind: sim.NADBit, dies: true})
			}
			if at.code == activation && at.tag != "" {
				faults = append(faults, readerFault{name: "ATS of length 0", kind: sim.EmptyATS, dies: true})
			}
			for _, f := range faults {
				w.suffers(at.name+": "+f.name, at.tag, f, func() {
					w.bench.Chip.Break(sim.Fault{Kind: f.kind, On: at.code, Times: f.times, For: f.wait})
				}, w.bench.Chip.Mend)
			}
			w.checkLeftovers()
		})
	}
}

// What can be said of the simulated reader too: it hangs, and it is pulled out.
func TestReaderGone(t *testing.T) {
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			w := newWounded(t, device)
			for _, tag := range []string{"", "genuine-424", "genuine-223"} {
				for range 3 {
					w.suffers("unplugged "+tag, tag, readerFault{stays: true}, w.unplug, w.plug)
				}
				if device == "simulated" {
					w.suffers("silent "+tag, tag, readerFault{stays: true},
						func() { w.bench.Silence(true) }, func() { w.bench.Silence(false) })
				}
			}
			w.checkLeftovers()
		})
	}
}

// A wounded is a rig whose reader fails again and again.
type wounded struct {
	*rig
	pid    int
	before leftovers
	open   bool // the tag's last scan was pending
}

func newWounded(t *testing.T, device string) *wounded {
	bench, err := sim.NewBench(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bench.Close() })
	w := &wounded{rig: &rig{T: t, bench: bench}}
	if w.config, err = bench.WriteConfig(device, ""); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.pid = w.daemon.Process().Pid
	w.genuineTap("to begin with", time.Now(), patience)
	w.before = w.leftovers()
	return w
}

func (w *wounded) unplug() {
	if err := w.bench.Unplug(); err != nil {
		w.Error(err)
	}
}

func (w *wounded) plug() {
	if err := w.bench.Plug(); err != nil {
		w.Error(err)
	}
}

// suffers lets the reader fail while a tag is there, ends that, and then holds
// the next genuine tag to it.
func (w *wounded) suffers(name, tag string, f readerFault, wound, mend func()) {
	w.Helper()
	child := childOf(w.rig, w.pid)
	struck := w.bench.Chip.Broken()
	wound()
	if tag != "" {
		w.put(tag)
	}
	if f.kind != 0 {
		w.until(name+": struck", func() bool { return w.bench.Chip.Broken() > struck })
	}
	limit := 2 * time.Second
	switch {
	case f.stays:
		<-time.After(2500 * time.Millisecond) // long enough for a second child
		mend()
	case f.dies:
		w.until(name+": the reader's process is gone", func() bool { return !alive(child) })
		limit = time.Second
	case f.wait >= time.Second:
		<-time.After(f.wait)
	}
	ended := time.Now()
	w.bench.Field.Remove()
	<-time.After(320 * time.Millisecond)
	w.genuineTap(name, ended, limit)
	w.bench.Chip.Mend() // what did not strike
	if pid := w.daemon.Process().Pid; pid != w.pid || !alive(pid) {
		w.Fatalf("%s: the daemon is process %d now, was %d", name, pid, w.pid)
	}
}

// genuineTap holds the tag to the reader until its verdict. Of the scans before it, in
// the fault, none may have accused it.
func (w *wounded) genuineTap(name string, since time.Time, limit time.Duration) {
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
		if took := finished.Sub(since); took > limit {
			w.Errorf("%s: the next tap's verdict came after %v, want it within %v", name, took, limit)
		}
		break
	}
	w.takeAway()
}

func (w *wounded) until(what string, is func() bool) {
	w.Helper()
	for deadline := time.Now().Add(patience); !is(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// leftovers are what a process may leave behind.
type leftovers struct{ descriptors, threads, children, kib int }

func (w *wounded) leftovers() leftovers {
	w.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.pid))
	if err != nil {
		w.Fatal(err)
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", w.pid))
	if err != nil {
		w.Fatal(err)
	}
	return leftovers{len(fds), len(threads), len(children(w.pid)), residentKiB(w.rig, w.pid)}
}

// residentKiB is VmRSS of proc(5).
func residentKiB(r *rig, pid int) int {
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

// checkLeftovers: no descriptor, no zombie, and no more threads or memory than a
// runtime may take for itself.
func (w *wounded) checkLeftovers() {
	w.Helper()
	w.until("the daemon has let go", func() bool { return w.leftovers().descriptors <= w.before.descriptors+1 })
	after := w.leftovers()
	if after.children != 1 || after.threads > w.before.threads+8 || after.kib > w.before.kib+32<<10 {
		w.Errorf("before %+v, after %+v", w.before, after)
	}
	w.Logf("before %+v, after %+v", w.before, after)
}

// A reader that hangs until it is reset is reset, by the line wired to RSTPDN.
func TestResetLine(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	bench, err := sim.NewBench(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bench.Close() })
	w := &wounded{rig: &rig{T: t, bench: bench}}
	if w.config, err = bench.WriteConfig("libnfc", ""); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	line := filepath.Join(bench.Dir, "rstpdn")
	wired := strings.Replace(string(config), "[tags]", fmt.Sprintf("reset_gpio = \"file:%s\"\n[tags]", line), 1)
	if err := os.WriteFile(w.config, []byte(wired), 0o644); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.genuineTap("to begin with", time.Now(), patience)
	bench.Chip.Break(sim.Fault{Kind: sim.HangBeforeACK})
	w.until("pulled low", func() bool {
		level, _ := os.ReadFile(line)
		return string(level) == "1\n"
	})
	bench.Chip.Reset()
	w.genuineTap("after the reset", time.Now(), 2*time.Second)
	if level, err := os.ReadFile(line); string(level) != "0\n" || err != nil {
		t.Errorf("the line is left at %q, %v", level, err)
	}
}

// Service codes 1 and 2 are told, and cleared when the reader is back.
func TestReaderServiceCodes(t *testing.T) {
	t.Parallel()
	for _, device := range []string{"libnfc", "simulated"} {
		t.Run(device, func(t *testing.T) {
			t.Parallel()
			w := newWounded(t, device)
			w.unplug()
			w.awaitLine(`"service_code":1`)
			w.lights(amber)
			w.plug()
			w.awaitLine(`"reader ready"`)
			w.lights(dark)
			if device == "libnfc" {
				w.bench.Chip.Break(sim.Fault{Kind: sim.HangBeforeACK})
			} else {
				w.bench.Silence(true)
			}
			w.awaitLine(`"service_code":2`)
			w.lights(amber)
			w.bench.Chip.Mend()
			w.bench.Silence(false)
			w.awaitLine(`"reader ready"`)
			w.genuineTap("afterwards", time.Now(), patience)
		})
	}
}

// A tag that makes libnfc abort each time it is read is read twice, not for ever.
func TestTagThatKillsTheReader(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	w := newWounded(t, "libnfc")
	w.bench.Chip.Break(sim.Fault{Kind: sim.NADBit, On: exchange, Times: -1})
	w.put("genuine-424")
	w.want(w.nextScan(), "unreadable", "torn")
	w.want(w.nextScan(), "unreadable", "torn")
	<-time.After(2 * time.Second)
	w.noScan()
	w.bench.Chip.Mend()
	ended := time.Now()
	w.takeAway()
	w.genuineTap("mended", ended, 2*time.Second)
}

// repetitions is REPEAT, or a few.
func repetitions(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("REPEAT"))
	if err != nil {
		return 8
	}
	t.Logf("REPEAT=%d", n)
	return n
}

// Aborts, hangs and unplugs, many times over.
func TestReaderFaultsAgainAndAgain(t *testing.T) {
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	total := repetitions(t)
	const rigs = 8
	for range rigs {
		t.Run("rig", func(t *testing.T) {
			t.Parallel()
			w := newWounded(t, "libnfc")
			for i := range (total + rigs - 1) / rigs {
				name := fmt.Sprint("repetition ", i)
				w.suffers(name+" abort", "genuine-424", readerFault{kind: sim.NADBit, dies: true}, func() {
					w.bench.Chip.Break(sim.Fault{Kind: sim.NADBit, On: exchange})
				}, nil)
				w.suffers(name+" hang", "", readerFault{kind: sim.HangAfterACK, wait: time.Second}, func() {
					w.bench.Chip.Break(sim.Fault{Kind: sim.HangAfterACK, On: activation, For: time.Second})
				}, nil)
				w.suffers(name+" unplug", "", readerFault{wait: time.Second}, func() {
					w.unplug()
					time.AfterFunc(time.Second, w.plug)
				}, nil)
			}
			w.checkLeftovers()
		})
	}
}

// An idle station, and one without its reader, leave the processor alone.
func TestIdle(t *testing.T) {
	idle := os.Getenv("IDLE")
	if idle == "" {
		t.Skip("a measurement: make soak-reader")
	}
	d, err := time.ParseDuration(idle)
	if err != nil {
		t.Fatal(err)
	}
	w := newWounded(t, "libnfc")
	for _, state := range []string{"idle", "unplugged"} {
		if state == "unplugged" {
			w.unplug()
			<-time.After(2 * time.Second)
		}
		before := w.processorTime()
		<-time.After(d)
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
func (w *wounded) processorTime() (sum time.Duration) {
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

// A second program that wants the port is told who has it, and the first one goes on.
func TestPortIsHeld(t *testing.T) {
	t.Parallel()
	if !reader.Libnfc {
		t.Skip("NOT TESTED: built without libnfc")
	}
	w := newWounded(t, "libnfc")
	holder := childOf(w.rig, w.pid)
	config, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	second := &rig{T: t, bench: w.bench, config: filepath.Join(t.TempDir(), "config.toml")}
	own := strings.ReplaceAll(string(config), filepath.Join(w.bench.Dir, "state"), t.TempDir())
	if err := os.WriteFile(second.config, []byte(own), 0o644); err != nil {
		t.Fatal(err)
	}
	second.exec()
	second.awaitLine(fmt.Sprintf("(process %d)", holder))
	if log := second.daemon.Log(); !strings.Contains(log, `"service_code":2`) {
		t.Errorf("no service code 2 in\n%s", log)
	}
	w.genuineTap("beside a second daemon", time.Now(), patience)
	second.daemon.Process().Signal(syscall.SIGTERM)
	second.daemon.Wait()
}
