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

// Each of the two documents has one block that this command writes, between a
// line that begins it and blockEnd. What stands around it is written by hand.
const (
	// The summary is what a reader wants first.
	summaryFile  = "performance.md"
	summaryBegin = "<!-- summary: make bench writes from here -->"

	// The laboratory has all tables, and the method.
	laboratoryFile = "performance-laboratory.md"
	figuresBegin   = "<!-- measured: make bench writes from here -->"

	blockEnd = "<!-- to here -->"
	plotFile = "performance.svg"
)

// write puts the summary and the figures into their documents in dir, and the
// plot beside them. Nothing is written if one document has no place for its
// block.
func (m *measurement) write(dir string) error {
	summaryPath, laboratoryPath := filepath.Join(dir, summaryFile), filepath.Join(dir, laboratoryFile)
	summary, err := withBlock(summaryPath, summaryBegin, m.summary())
	if err != nil {
		return err
	}
	laboratory, err := withBlock(laboratoryPath, figuresBegin, m.figures())
	if err != nil {
		return err
	}

	// The plot first: documents whose plot could not be written keep their old figures.
	if err := os.WriteFile(filepath.Join(dir, plotFile), m.plot(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(laboratoryPath, []byte(laboratory), 0o644); err != nil {
		return err
	}
	return os.WriteFile(summaryPath, []byte(summary), 0o644)
}

// withBlock returns the document in file, with text in place of the block that
// begins with the line begin.
func withBlock(file, begin, text string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}

	document, err := replaceBlock(string(b), begin, text)
	if err != nil {
		return "", fmt.Errorf("%s %w", file, err)
	}
	return document, nil
}

// replaceBlock puts text between the line begin and the next blockEnd.
func replaceBlock(document, begin, text string) (string, error) {
	before, rest, ok := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, blockEnd)
	if !ok || !closed {
		return "", fmt.Errorf("has no %q and %q to write between", begin, blockEnd)
	}
	return before + begin + "\n\n" + text + "\n" + blockEnd + after, nil
}

// summary is what a reader wants first: how long a person waits, what a station
// costs, and which aims are not met.
func (m *measurement) summary() string {
	var b strings.Builder
	m.writeWarning(&b)
	fmt.Fprintf(&b, "Measured with `%s` on %s: %s, %d processors, Linux %s, %s.\n"+
		"Reader, tags, network and platform are virtual; reader and tags take the least time that real ones take.\n\n",
		m.command(), time.Now().UTC().Format(time.DateOnly), processor(), runtime.NumCPU(), kernel(), runtime.Version())

	if len(m.of(stationName)) > 0 {
		m.summarizeTaps(&b)
	}
	if m.idle != nil {
		m.summarizeIdle(&b)
	}
	m.summarizeAims(&b)
	return b.String()
}

// command is how to measure the same again.
func (m *measurement) command() string {
	if m.only != "" {
		return fmt.Sprintf("tagbase-perf --taps %d --only %q", m.taps, m.only)
	}
	return fmt.Sprintf("make bench TAPS=%d", m.taps)
}

func (m *measurement) writeWarning(b *strings.Builder) {
	if m.anyway {
		b.WriteString("**Measured on a busy machine: these figures are worth nothing.**\n\n")
	}
}

// summarizeTaps shows the series of an ordinary line, a column a chip.
func (m *measurement) summarizeTaps(b *strings.Builder) {
	// A series that --only left out has empty samples, and so empty cells.
	series := func(chip, liveness string) *seriesResult {
		if r := m.find(seriesPlan{chip, liveness, alternativesTrip, true, stationName}); r != nil {
			return r
		}
		return new(seriesResult)
	}

	fmt.Fprintf(b, "| p50 / p95 / p99 in ms, round trip to the platform %.0f ms | %s | %s |\n| --- | --- | --- |\n",
		milliseconds(alternativesTrip), chipName("ntag424"), chipName("ntag223"))

	for _, row := range []struct {
		what, liveness string
		of             func(*seriesResult) sample
	}{
		{"tag enters → amber lamp", "two-taps", func(r *seriesResult) sample { return r.Amber }},
		{"tag enters → URL read", "two-taps", func(r *seriesResult) sample { return r.URL }},
		{"second tap enters → verdict on the lamps", "two-taps", func(r *seriesResult) sample { return r.Verdict }},
		{"of that, the station's own time", "two-taps", func(r *seriesResult) sample { return r.Own }},
		{"one-tap: tag enters → verdict on the lamps", "one-tap", func(r *seriesResult) sample { return r.Verdict }},
	} {
		fmt.Fprintf(b, "| %s | %s | %s |\n", row.what,
			quantiles(row.of(series("ntag424", row.liveness))), quantiles(row.of(series("ntag223", row.liveness))))
	}
	b.WriteString("\n")
}

func (m *measurement) summarizeIdle(b *strings.Builder) {
	s := m.idle
	b.WriteString("| a station, both processes | |\n| --- | --- |\n")
	fmt.Fprintf(b, "| memory, idle | %v |\n", s.Memory)
	fmt.Fprintf(b, "| processor, idle | %.2f %% of one |\n", 100*s.Processor)
	fmt.Fprintf(b, "| start, from exec to READY=1, p99 | %.1f ms |\n", milliseconds(s.Start.quantile(.99)))
	fmt.Fprintf(b, "| journal, a scan | %.0f bytes; the scan waits for %.2f fsyncs |\n\n",
		s.Journal.Bytes, s.Journal.Waited)
}

func (m *measurement) summarizeAims(b *strings.Builder) {
	var missed []aim
	all := m.aims()
	for _, a := range all {
		if !a.met {
			missed = append(missed, a)
		}
	}
	if len(all) == 0 {
		return
	}
	if len(missed) == 0 {
		fmt.Fprintf(b, "All %d aims are met.\n", len(all))
		return
	}

	fmt.Fprintf(b, "Of %d aims, %d are not met:\n\n", len(all), len(missed))
	for _, a := range missed {
		fmt.Fprintf(b, "- %s. Measured: %s.\n", a.what, a.got)
	}
}

// of returns the series of a station or of an alternative.
func (m *measurement) of(who string) (some []*seriesResult) {
	for _, r := range m.results {
		if r.Plan.Who == who {
			some = append(some, r)
		}
	}
	return some
}

// find returns the series of that plan, or nil if --only left it out.
func (m *measurement) find(p seriesPlan) *seriesResult {
	for _, r := range m.results {
		if r.Plan == p {
			return r
		}
	}
	return nil
}

// chipName is the maker's name of a chip.
func chipName(chip string) string {
	return map[string]string{"ntag424": "NTAG 424 DNA", "ntag223": "NTAG 223 DNA"}[chip]
}

// quantiles are p50, p95 and p99 in milliseconds, or nothing without values.
func quantiles(s sample) string {
	if len(s) == 0 {
		return ""
	}

	return fmt.Sprintf("%s / %s / %s", short(s.quantile(.5)), short(s.quantile(.95)), short(s.quantile(.99)))
}

// median is p50 in milliseconds, or nothing without values.
func median(s sample) string {
	if len(s) == 0 {
		return ""
	}
	return short(s.quantile(.5))
}

// short is milliseconds with about three digits.
func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.2f", milliseconds(d))
	}
	return fmt.Sprintf("%.0f", milliseconds(d))
}

// processor is the processor's name, as Linux knows it, or its architecture.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// kernel is Linux's release.
func kernel() string {
	b, _ := exec.Command("uname", "-r").Output()
	return strings.TrimSpace(string(b))
}
