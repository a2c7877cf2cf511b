// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
)

// The aims, as the report lists them.
const (
	aimFloors       = 1.25                  // times the floor, and half a polling interval
	aimHalfPoll     = 10 * time.Millisecond // a reader looks at an empty field every 20 ms
	aimOwnP50       = time.Millisecond
	aimOwnP99       = 3 * time.Millisecond
	aimProportional = 20e6 // bytes, both processes
	aimProcessor    = 0.01 // of one, idle
	aimStart        = 150 * time.Millisecond

	// aimSyncs is one, rounded as it is printed.
	aimSyncs = 1.005
)

// An aim is what we want of a station, and what was measured.
type aim struct {
	what, got string
	met       bool
}

// aims compares the worst of all series with the aims. Series without the wire's
// time are left out: no real reader is so fast. An aim whose series were not
// measured is left out, too.
func (m *measurement) aims() (all []aim) {
	for _, chip := range []string{"ntag424", "ntag223"} {
		all = append(all, m.aimsOfRead(chip)...)
	}
	all = append(all, m.aimsOfOwnTime()...)
	return append(all, m.aimsOfIdle()...)
}

// aimsOfRead compares how long a chip's URL takes with the floor.
func (m *measurement) aimsOfRead(chip string) []aim {
	// One-tap reads two URLs: its time to the URL is another thing.
	var url, read, limit time.Duration
	for _, r := range m.of(stationName) {
		if r.Plan.Chip == chip && r.Plan.Timing && r.Plan.Liveness == "two-taps" {
			url, read = max(url, r.URL.quantile(.5)), max(read, r.Read.quantile(.5))
			limit = time.Duration(aimFloors*float64(r.Floor.Time)) + aimHalfPoll
		}
	}
	if limit == 0 {
		return nil
	}

	inMS := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", milliseconds(d)) }
	return []aim{
		{fmt.Sprintf("%s, two-taps: tag enters → URL, p50, "+
			"within 1.25 times the floor and half a polling interval: %s", chip, inMS(limit)), inMS(url), url <= limit},
		{fmt.Sprintf("%s: the same to the URL's last byte, before the look for another tag", chip),
			inMS(read), read > 0 && read <= limit},
	}
}

// aimsOfOwnTime are about what the station itself adds, and how long it waits
// for connections.
func (m *measurement) aimsOfOwnTime() []aim {
	var own50, own99, first, next time.Duration
	series := 0
	for _, r := range m.of(stationName) {
		if !r.Plan.Timing {
			continue
		}
		series++
		own50, own99 = max(own50, r.Own.quantile(.5)), max(own99, r.Own.quantile(.99))
		first, next = max(first, r.First.quantile(.5)), max(next, r.Next.quantile(.5))
	}
	if series == 0 {
		return nil
	}

	return []aim{
		{"own time, URL → first byte and answer → lamp, p50 below 1 ms",
			fmt.Sprintf("%.2f ms", milliseconds(own50)), own50 < aimOwnP50},
		{"own time, p99 below 3 ms", fmt.Sprintf("%.2f ms", milliseconds(own99)), own99 < aimOwnP99},
		{"a first tap's connection is ready when the tag is read, at a round trip of up to 80 ms: no wait, p50",
			fmt.Sprintf("%.1f ms", milliseconds(first)), first < time.Millisecond},
		{"the same for a tap after a pending one", fmt.Sprintf("%.1f ms", milliseconds(next)), next < time.Millisecond},
	}
}

// aimsOfIdle are about a station that nobody taps.
func (m *measurement) aimsOfIdle() []aim {
	s := m.idle
	if s == nil {
		return nil
	}

	start := s.Start.quantile(.99)
	return []aim{
		{"both processes, idle, below 20 MB proportional",
			fmt.Sprintf("%.1f MB", megabytes(s.Memory.proportional)), float64(s.Memory.proportional) < aimProportional},
		{"idle, below 1 % of a processor", fmt.Sprintf("%.2f %%", 100*s.Processor), s.Processor < aimProcessor},
		{"exec → READY=1 in less than 150 ms, p99", fmt.Sprintf("%.1f ms", milliseconds(start)), start < aimStart},
		{"a scan waits for one fsync", fmt.Sprintf("%.2f", s.Journal.Waited), s.Journal.Waited <= aimSyncs},
	}
}

// writeAims writes the table of all aims.
func (m *measurement) writeAims(b *strings.Builder) {
	all := m.aims()
	if len(all) == 0 {
		return
	}
	b.WriteString("| aim | worst of the series with the wire's time | met |\n| --- | --- | --- |\n")
	for _, a := range all {
		met := "**no**"
		if a.met {
			met = "yes"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", a.what, a.got, met)
	}
	b.WriteString("\n")
}
