// SPDX-License-Identifier: Apache-2.0

// Package reader is a virtual PN532 that stock libnfc opens on a pseudo-terminal, with its faults and its timing, and a
// reader behind a Unix socket that needs no libnfc.
//
//	libnfc ── PTY ── PN532 (frames, commands) ── antenna.Field ── chip.Chip
//
// The socket (ServeSocket) works on the same Field, without PN532 and libnfc in between.
package reader
