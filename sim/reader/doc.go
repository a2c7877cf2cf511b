// SPDX-License-Identifier: Apache-2.0

// Package reader holds two virtual readers over one antenna: a PN532 that stock libnfc opens on a pseudo-terminal, and
// a reader behind a Unix socket that needs neither libnfc nor a serial port.
//
//	libnfc ── PTY ── frames ── PN532 (commands, faults, timing) ──┐
//	                                                              ├── antenna.Field ── chips
//	simulated reader, hand ── Unix socket ── Socket ──────────────┘
//
// PTY is the serial port: a host opens its link, and it can be pulled out. An Adapter joins a PTY and a PN532, as a USB
// serial adapter does, and takes the chip's power when it is pulled out.
//
// The PN532 takes frames (NXP UM0701-02 section 6.2) and answers each command with an ACK and a response. It keeps the
// rules of the manual until a test orders a Fault: it hangs, drops its ACK, sends garbage, loses its power. With Timing
// it takes as long as a real one takes at least; MinRead computes how long the fastest read of a chip must take then.
// Its Traffic records each command with its times.
//
// What goes in: bytes from a host, chips on the field. What comes out: bytes to the host. What is promised: a chip in
// the state in which a host left it, as a real PN532 keeps its state when the host restarts.
//
// Goroutines:
//
//	Adapter.Plug       one for PN532.Serve; Unplug or Close ends it and waits for it
//	PN532.Serve        one that reads the line; it ends when the line ends, or after Serve with the next frame
//	Socket.Plug        one that accepts; Unplug or Close ends it and waits for it
//	Socket connection  one for each; it ends with the connection or with the socket, which waits for it
package reader
