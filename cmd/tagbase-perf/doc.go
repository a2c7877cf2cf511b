// SPDX-License-Identifier: Apache-2.0

// Command tagbase-perf measures a station on the bench, from the moment a tag
// enters the field to the lamp that shows the verdict, and writes the figures
// into docs: performance.md has what a reader wants first, and
// performance-laboratory.md all tables. It is never installed on a station.
//
// "make bench" runs it. It measures one idle station, then one series of taps
// after the other: each chip, each liveness, several network delays, and for
// comparison two programs that a user could write instead of a station.
//
//	tag enters the field -> virtual PN532 -> station -> relay ------> platform
//	       |                the wire's time   |   ^     round trip       |
//	       |                                  v   '------ answer --------'
//	       |                              lamps (FIFOs)
//	       v                                  v
//	     times: a sample a series, its quantiles, performance*.md and .svg
//
// All times are read from one machine's clock. A figure is only as good as the
// bench that took it: while a series runs, a machineWatch records how late the
// bench itself was and what else the machine did. A series that was disturbed
// is measured again, at most three times; then the command fails and writes
// nothing.
//
// Where to look:
//
//   - measurement.go: which series there are; series.go: the taps of one;
//     taptimes.go: the points in time of one tap
//   - station.go, alternatives.go, plainloop/, script.sh: what is measured
//   - seriesbench.go: the bench of one series; tlsrecords.go: when a request and
//     its answer passed the network
//   - quietmachine.go, lateness.go, procusage.go: was the machine quiet?
//   - idle.go, journalcost.go, pipewakeup.go: figures without taps
//   - report.go, figures.go, aims.go, plot.go, quantile.go: what is written
//
// Goroutines: a seriesBench owns one that listens for late wake-ups, and ends it
// in close. A machineWatch owns one that sleeps and notes how late it wakes, and
// ends it in end. An alternative owns one that reads the program's output, which
// ends with the program. The relay calls connections.passed from goroutines of
// its own.
package main
