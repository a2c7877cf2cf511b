// SPDX-License-Identifier: Apache-2.0

// Package probes tries the parts of a station for the doctor: the reader, the daemon's socket,
// the lamps' lines, the disk, the kernel's clock, the platform.
//
// Package doctor judges and explains, and imports none of the rooms that it examines. In comes a
// configuration; out goes a doctor.Subject, which holds what the configuration says and a
// function for each thing to try:
//
//	configuration ── Subject ── doctor.Subject{Config, Probes} ── doctor.Examine ── findings
//
// A probe is called at most once in an examination, and takes at most some seconds. It changes
// nothing: the question to the platform is one for a session that cannot exist. The reader is
// tried in a process of its own, since libnfc may hang or abort.
//
// The package starts no goroutine.
package probes
