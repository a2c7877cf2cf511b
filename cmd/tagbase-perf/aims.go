// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"
)

// What is aimed at.
const (
	goalFloors   = 1.25 // of the floor, and half a polling interval
	goalHalfPoll = 10 * time.Millisecond
	goalOwn50    = time.Millisecond
	goalOwn99    = 3 * time.Millisecond
	goalResident = 25e6
	goalProp     = 20e6
	goalIdle     = 0.01
	goalReady    = 150 * time.Millisecond
)

// reportGoals sets the worst of all series beside what was aimed at.
func (m *measurement) reportGoals(b *strings.Builder) {
	b.WriteString("| aim | worst of the series with the wire's time | met |\n| --- | --- | --- |\n")
	row := func(aim, got string, met bool) {
		fmt.Fprintf(b, "| %s | %s | %s |\n", aim, got, map[bool]string{true: "yes", false: "**no**"}[met])
	}
	for _, chip := range []string{"ntag424", "ntag223"} {
		var url, read, limit time.Duration
		for _, r := range m.of(stationName) {
			if r.Plan.Chip == chip && r.Plan.Timing && r.Plan.Liveness == "two-taps" {
				url, read = max(url, r.URL.quantile(.5)), max(read, r.Read.quantile(.5))
				limit = time.Duration(goalFloors*float64(r.Floor.Time)) + goalHalfPoll
			}
		}
		if limit > 0 {
			row(fmt.Sprintf("%s, two-taps: tag enters → URL, p50, within 1.25 times the floor and half a polling interval: %.1f ms", chip, milli(limit)),
				fmt.Sprintf("%.1f ms", milli(url)), url <= limit)
			row("the same to the URL's last byte, before the look for another tag", fmt.Sprintf("%.1f ms", milli(read)), read > 0 && read <= limit)
		}
	}
	m.reportOwn(row)
	if s := m.still; s != nil {
		row("both processes at rest below 25 MB resident", fmt.Sprintf("%.1f MB", float64(s.Memory.resident)/1e6), float64(s.Memory.resident) < goalResident)
		row("and 20 MB proportional", fmt.Sprintf("%.1f MB", float64(s.Memory.proportional)/1e6), float64(s.Memory.proportional) < goalProp)
		row("below 1 % of a processor at rest", fmt.Sprintf("%.2f %%", 100*s.Idle), s.Idle < goalIdle)
		row("exec → READY=1 in less than 150 ms, p99", fmt.Sprintf("%.1f ms", milli(s.Ready.quantile(.99))), s.Ready.quantile(.99) < goalReady)
		row("one fsync waited for in a scan", fmt.Sprintf("%.2f", s.Disk.Waited), s.Disk.Waited <= 1.005)
	}
	b.WriteString("\n")
}

// reportOwn sets what the station itself takes, and how long it waits for connections, beside what was aimed at.
func (m *measurement) reportOwn(row func(aim, got string, met bool)) {
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
		return
	}
	row("own time, URL → first byte and answer → lamp, p50 below 1 ms", fmt.Sprintf("%.2f ms", milli(own50)), own50 < goalOwn50)
	row("the same, p99 below 3 ms", fmt.Sprintf("%.2f ms", milli(own99)), own99 < goalOwn99)
	row("connection hidden behind the read up to 80 ms, first tap: nothing waited, p50", fmt.Sprintf("%.1f ms", milli(first)), first < time.Millisecond)
	row("the same, tap after a pending one", fmt.Sprintf("%.1f ms", milli(next)), next < time.Millisecond)
}
