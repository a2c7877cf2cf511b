// SPDX-License-Identifier: Apache-2.0

// Package antenna is the air between a reader and the chips that lie on its antenna.
//
// A Field is the antenna: a person puts chips on it and takes them away, a reader switches its RF field, selects a chip
// and speaks to it. Every chip on it hears every frame; the states of ISO/IEC 14443-3 section 6.3 say which of them
// answers, and two different answers at once are a collision.
//
//	person ── Put, Add, Take, Remove ──┐
//	                                   v                 ┌── radio (state, blocks) ── chip.Chip
//	reader ── RF, Select, Transceive ─ Field ── frames ──┤
//	          Find, Frame, Deselect                      └── radio (state, blocks) ── chip.Chip
//
// A radio is the part of a chip that ISO/IEC 14443 describes: waking up, anticollision, selection, and the blocks of
// ISO-DEP that carry an APDU. What the APDU or the Type 2 command does is the business of the room chip.
//
// What goes in: whole payloads (Transceive), as the simulated reader behind a socket sends them, or single frames with
// CRC (Frame), as InCommunicateThru of a PN532 does. What comes out: the answer, chip.ErrNAK, chip.ErrMute or
// ErrCollision. Nothing here takes time; the room reader adds the times of the air.
//
// A Field is safe for concurrent use by a reader and by a person's hand. It starts no goroutines.
package antenna
