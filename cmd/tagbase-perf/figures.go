// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// figures are all tables, behind what a reader wants first.
func (m *measurement) figures() string {
	var b strings.Builder
	m.writeWarning(&b)
	m.writeAims(&b)

	// The plot is drawn with the document: see write.
	fmt.Fprintf(&b, "![How many taps took no longer than so many milliseconds](%s)\n\n", plotFile)
	if len(m.of(stationName)) > 0 {
		m.writeTaps(&b)
		m.writeConnections(&b)
	}
	if len(m.results) > 0 {
		m.writeWire(&b)
	}
	m.writeAlternatives(&b)
	if m.idle != nil {
		m.writeIdle(&b)
	}
	m.writeDisturbance(&b)
	return b.String()
}

func (p seriesPlan) wire() string {
	if p.Timing {
		return "115200"
	}
	return "none"
}

func (m *measurement) writeTaps(b *strings.Builder) {
	b.WriteString("Milliseconds, p50 / p95 / p99:\n\n")
	b.WriteString("| chip | liveness | wire | round trip | tag enters → amber | tag enters → URL | " +
		"URL → first byte | answer → lamp | tag enters → verdict |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range m.of(stationName) {
		p := r.Plan
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %s | %s | %s | %s | %s |\n",
			p.Chip, p.Liveness, p.wire(), milliseconds(p.Trip),
			quantiles(r.Amber), quantiles(r.URL), quantiles(r.Wire), quantiles(r.Lamp), quantiles(r.Verdict))
	}
	b.WriteString("\n")
}

// writeConnections takes URL → first byte apart.
func (m *measurement) writeConnections(b *strings.Builder) {
	b.WriteString("How much of URL → first byte the station waited for its connection, and the own time: " +
		"the rest, with answer → lamp:\n\n")
	b.WriteString("| chip | liveness | round trip | waited, first tap | waited, tap after a pending one | " +
		"own time |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range m.of(stationName) {
		p := r.Plan
		if p.Timing {
			fmt.Fprintf(b, "| %s | %s | %.0f | %s | %s | %s |\n", p.Chip, p.Liveness, milliseconds(p.Trip),
				quantiles(r.First), quantiles(r.Next), quantiles(r.Own))
		}
	}
	b.WriteString("\n")
}

// writeWire compares each program with the least that the wire allows.
func (m *measurement) writeWire(b *strings.Builder) {
	b.WriteString("From the tag to the URL, with the look for another tag. The floor is the fewest commands and " +
		"bytes, and a host that takes no time:\n\n")
	b.WriteString("| chip | who | commands | floor | bytes | floor | " +
		"tag enters → URL, p50 | to its last byte | floor | ratio |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range m.results {
		// The round trip does not touch this part of a tap: one series of each chip is enough.
		p := r.Plan
		if !p.Timing || p.Liveness != "two-taps" || p.Who == stationName && p.Trip != alternativesTrip {
			continue
		}

		url := r.URL.quantile(.5)
		fmt.Fprintf(b, "| %s | %s | %.1f | %d | %.0f | %d | %s | %s | %.1f | %.2f |\n",
			p.Chip, p.Who, r.Commands, r.Floor.Commands, r.Bytes, r.Floor.Bytes,
			short(url), median(r.Read), milliseconds(r.Floor.Time), float64(url)/float64(r.Floor.Time))
	}
	b.WriteString("\n")
}

// writeAlternatives compares the station with what a user could write instead.
func (m *measurement) writeAlternatives(b *strings.Builder) {
	station := m.find(seriesPlan{"ntag424", "two-taps", alternativesTrip, true, stationName})
	if station == nil {
		return
	}
	fmt.Fprintf(b, "The station beside what a user could write instead, NTAG 424 DNA, two-taps, %.0f ms. "+
		"In parentheses, p50 and p99 in multiples of the station's:\n\n", milliseconds(alternativesTrip))
	b.WriteString("| who | tag enters → amber | tag enters → URL | tag enters → verdict |\n" +
		"| --- | --- | --- | --- |\n")
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", stationName,
		quantiles(station.Amber), quantiles(station.URL), quantiles(station.Verdict))

	ratio := func(a, b sample) string {
		times := func(q float64) float64 { return float64(a.quantile(q)) / float64(b.quantile(q)) }
		return fmt.Sprintf("%s (%.1f / %.1f)", quantiles(a), times(.5), times(.99))
	}
	for _, who := range []string{plainLoopName, scriptName} {
		for _, r := range m.of(who) {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", who, ratio(r.Amber, station.Amber),
				ratio(r.URL, station.URL), ratio(r.Verdict, station.Verdict))
		}
	}
	b.WriteString("\n")
}

func (m *measurement) writeIdle(b *strings.Builder) {
	// A series leaves a station at its largest: what a tap uses for the first time stays resident.
	s, most := m.idle, memory{}
	var disk float64
	for _, r := range m.of(stationName) {
		most.resident = max(most.resident, r.Memory.resident)
		most.proportional = max(most.proportional, r.Memory.proportional)
		disk = max(disk, r.Disk)
	}

	b.WriteString("| a station, both processes | |\n| --- | --- |\n")
	fmt.Fprintf(b, "| memory, idle | %v |\n", s.Memory)
	fmt.Fprintf(b, "| memory after a series, the most of all | %v |\n", most)
	fmt.Fprintf(b, "| processor time, idle, over %v | %.2f %% of one |\n", s.Over, 100*s.Processor)
	fmt.Fprintf(b, "| size of the program | %.1f MB |\n", megabytes(s.Program))
	fmt.Fprintf(b, "| exec → READY=1, p50 / p95 / p99 of %d | %s ms |\n", len(s.Start), quantiles(s.Start))
	fmt.Fprintf(b, "| journal, a scan | %.0f bytes in %.0f writes, %.2f fsyncs; "+
		"the scan waits for %.2f of them: %s ms |\n",
		s.Journal.Bytes, s.Journal.Writes, s.Journal.Syncs, s.Journal.Waited, quantiles(s.Journal.Wait))
	fmt.Fprintf(b, "| this machine: from a write into a pipe until the thread that waits there has it | %s ms |\n",
		quantiles(s.PipeWakeup))
	fmt.Fprintf(b, "| written to disk, a tap | up to %.1f KB |\n\n", disk/1e3)
}

// writeDisturbance says how far the figures can be trusted.
func (m *measurement) writeDisturbance(b *strings.Builder) {
	// One number for all series: none of them may be worse than the limits.
	var worst disturbance
	failed := 0
	for _, r := range m.results {
		worst = worst.worse(r.Disturbed)
		failed += len(r.Failed)
	}
	if m.idle != nil {
		worst = worst.worse(m.idle.Disturbed)
	}

	fmt.Fprintf(b, "Taps with another outcome than pending or valid: %d.\n\n", failed)
	fmt.Fprintf(b, "The bench itself, the worst of all series: %v.\n", worst)
}
