// SPDX-License-Identifier: Apache-2.0

// Package sim is the bench: all that a station meets, on one table and in software. It joins the rooms below it
// (virtual NTAG chips, the antenna they lie on, a virtual PN532 that stock libnfc opens on a pseudo-terminal, and a
// virtual platform) with what surrounds a station: the tags by name, the lamps, the daemon's process, and a network
// with a delay. It is used by tagbase-sim and by tests, never by a station.
//
//	chip ── antenna ── reader ──┐
//	  └────────────── platform ─┼── sim
//	                     disk   ┘ (on its own; used by the journal's tests)
//
// A room imports only rooms to its left.
package sim
