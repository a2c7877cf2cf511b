// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// What is measured stands in the note between these.
const (
	reportBegin = "<!-- measured: make bench writes from here -->"
	reportEnd   = "<!-- to here -->"
	reportFile  = "performance.md"
	plotFile    = "performance.svg"
)

// write puts the figures into the note in that directory, and draws the plot beside it.
func (m *measurement) write(dir string) error {
	file := filepath.Join(dir, reportFile)
	note, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(note), reportBegin)
	_, after, ok2 := strings.Cut(rest, reportEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no %q and %q to write between", file, reportBegin, reportEnd)
	}
	if err := os.WriteFile(filepath.Join(dir, plotFile), m.plot(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(before+reportBegin+"\n\n"+m.report()+"\n"+reportEnd+after), 0o644)
}

func (m *measurement) report() string {
	var b strings.Builder
	if m.anyway {
		b.WriteString("**Measured on a busy machine: these figures are worth nothing.**\n\n")
	}
	fmt.Fprintf(&b, "%s, %s, %d processors, Linux %s, %s; %d taps in each series.\n\n", time.Now().UTC().Format(time.DateOnly),
		processor(), runtime.NumCPU(), kernel(), runtime.Version(), m.taps)
	m.reportGoals(&b)
	fmt.Fprintf(&b, "![How many taps took no longer than so many milliseconds](%s)\n\n", plotFile)
	m.reportTaps(&b)
	m.reportWire(&b)
	m.reportOthers(&b)
	if m.still != nil {
		m.reportRest(&b)
	}
	m.reportFaults(&b)
	return b.String()
}

// three are p50, p95 and p99 in milliseconds.
func three(s sample) string {
	if len(s) == 0 {
		return ""
	}
	return fmt.Sprintf("%s / %s / %s", short(s.quantile(.5)), short(s.quantile(.95)), short(s.quantile(.99)))
}

// median is p50 in milliseconds.
func median(s sample) string {
	if len(s) == 0 {
		return ""
	}
	return short(s.quantile(.5))
}

func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.2f", milli(d))
	}
	return fmt.Sprintf("%.0f", milli(d))
}

func (p plan) wire() string {
	if p.Timing {
		return "115200"
	}
	return "none"
}

func (m *measurement) reportTaps(b *strings.Builder) {
	b.WriteString("Milliseconds, p50 / p95 / p99:\n\n")
	b.WriteString("| chip | liveness | wire | round trip | tag enters → amber | tag enters → URL | URL → first byte | answer → lamp | tag enters → verdict |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range m.of(stationName) {
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %s | %s | %s | %s | %s |\n", r.Plan.Chip, r.Plan.Liveness, r.Plan.wire(), milli(r.Plan.Trip),
			three(r.Amber), three(r.URL), three(r.Wire), three(r.Lamp), three(r.Verdict))
	}
	b.WriteString("\nThe part of URL → first byte in which the station waited for its connection, and what is left of it together with answer → lamp:\n\n")
	b.WriteString("| chip | liveness | round trip | waited, first tap | waited, tap after a pending one | own time |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range m.of(stationName) {
		if r.Plan.Timing {
			fmt.Fprintf(b, "| %s | %s | %.0f | %s | %s | %s |\n", r.Plan.Chip, r.Plan.Liveness, milli(r.Plan.Trip), three(r.First), three(r.Next), three(r.Own))
		}
	}
	b.WriteString("\n")
}

func (m *measurement) reportWire(b *strings.Builder) {
	b.WriteString("Until the URL, with the check that no other tag is there, beside the floor, which is the fewest commands and a host that takes no time:\n\n")
	b.WriteString("| chip | who | commands | floor | bytes | floor | tag enters → URL, p50 | to its last byte | floor | ratio |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range m.results {
		p := r.Plan
		if !p.Timing || p.Liveness != "two-taps" || p.Who == stationName && p.Trip != otherTrip {
			continue
		}
		url := r.URL.quantile(.5)
		fmt.Fprintf(b, "| %s | %s | %.1f | %d | %.0f | %d | %s | %s | %.1f | %.2f |\n", p.Chip, p.Who, r.Commands, r.Floor.Commands, r.Bytes, r.Floor.Bytes,
			short(url), median(r.Read), milli(r.Floor.Time), float64(url)/float64(r.Floor.Time))
	}
	b.WriteString("\n")
}

func (m *measurement) reportOthers(b *strings.Builder) {
	us := m.find(plan{"ntag424", "two-taps", otherTrip, true, stationName})
	if us == nil {
		return
	}
	fmt.Fprintf(b, "What a user would otherwise have, NTAG 424 DNA, two taps, %.0f ms; in parentheses how many times the station's:\n\n", milli(otherTrip))
	b.WriteString("| who | tag enters → amber | tag enters → URL | tag enters → verdict |\n| --- | --- | --- | --- |\n")
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", stationName, three(us.Amber), three(us.URL), three(us.Verdict))
	ratio := func(a, b sample) string {
		return fmt.Sprintf("%s (%.1f / %.1f)", three(a), float64(a.quantile(.5))/float64(b.quantile(.5)), float64(a.quantile(.99))/float64(b.quantile(.99)))
	}
	for _, who := range []string{plainLoopName, scriptName} {
		for _, r := range m.of(who) {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", who, ratio(r.Amber, us.Amber), ratio(r.URL, us.URL), ratio(r.Verdict, us.Verdict))
		}
	}
	b.WriteString("\n")
}

func (m *measurement) reportRest(b *strings.Builder) {
	s, most := m.still, memory{}
	var disk float64
	for _, r := range m.of(stationName) {
		most.resident, most.proportional = max(most.resident, r.Memory.resident), max(most.proportional, r.Memory.proportional)
		disk = max(disk, r.Disk)
	}
	b.WriteString("| both processes | |\n| --- | --- |\n")
	fmt.Fprintf(b, "| memory at rest, resident / proportional | %.1f / %.1f MB |\n", float64(s.Memory.resident)/1e6, float64(s.Memory.proportional)/1e6)
	fmt.Fprintf(b, "| memory after a series, the most of all | %.1f / %.1f MB |\n", float64(most.resident)/1e6, float64(most.proportional)/1e6)
	fmt.Fprintf(b, "| processor time at rest, over %v | %.2f %% of one |\n", s.Over, 100*s.Idle)
	fmt.Fprintf(b, "| program | %.1f MB |\n", float64(s.Size)/1e6)
	fmt.Fprintf(b, "| exec → READY=1, p50 / p95 / p99 of %d | %s ms |\n", len(s.Ready), three(s.Ready))
	fmt.Fprintf(b, "| journal, a scan | %.0f bytes in %.0f writes, %.2f fsyncs, %.2f of them waited for: %s ms |\n",
		s.Disk.Bytes, s.Disk.Writes, s.Disk.Syncs, s.Disk.Waited, three(s.Disk.Wait))
	fmt.Fprintf(b, "| this machine: a thread that waits at a pipe has what was written into it after | %s ms |\n", three(s.Wake))
	fmt.Fprintf(b, "| blocks written to disk, a tap | up to %.1f KB |\n\n", disk/1e3)
}

func (m *measurement) reportFaults(b *strings.Builder) {
	var worst fault
	for _, r := range m.results {
		worst = worst.or(r.Fault)
	}
	failed := 0
	for _, r := range m.results {
		failed += len(r.Failed)
	}
	fmt.Fprintf(b, "Taps that came to anything but pending and valid: %d.\n\n", failed)
	if m.still != nil {
		worst = worst.or(m.still.Fault)
	}
	fmt.Fprintf(b, "The bench itself, in its worst series: at p99 the virtual chip was %v late, the network %v, a sleeping thread %v (limit %v), its own goroutines %v (limit %v); "+
		"others used %.2f of a processor (limit %.2f).\n", worst.ChipLate.Round(time.Microsecond), worst.NetLate.Round(time.Microsecond),
		worst.NapLate.Round(time.Microsecond), lateLimit, worst.BellLate.Round(time.Microsecond), bellLimit, worst.Foreign, foreignLimit)
}

func (f fault) or(g fault) fault {
	return fault{max(f.Foreign, g.Foreign), max(f.ChipLate, g.ChipLate), max(f.NetLate, g.NetLate), max(f.BellLate, g.BellLate), max(f.NapLate, g.NapLate)}
}

func (m *measurement) of(who string) (some []*result) {
	for _, r := range m.results {
		if r.Plan.Who == who {
			some = append(some, r)
		}
	}
	return some
}

func (m *measurement) find(p plan) *result {
	for _, r := range m.results {
		if r.Plan == p {
			return r
		}
	}
	return nil
}

func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	b, _ := exec.Command("uname", "-r").Output()
	return strings.TrimSpace(string(b))
}
