// SPDX-License-Identifier: Apache-2.0

// Package plainloop is what somebody writes in an afternoon instead of installing
// a station: the binding's poll, the six APDUs of the NFC Forum, net/http's
// client with its defaults, and three files for lamps. tagbase-perf measures a
// station beside it.
//
//	poll ──> tag ──> six APDUs ──> URL ──> POST ──> lamps, "scan valid 17…"
//	  ^                                                  │
//	  └────────────── until the tag has left ────────────┘
//
// It has one goroutine, no journal and no timeout, does not look for a second
// tag, and may send a scan twice. Do not make it better: it stands for programs
// that are written in an afternoon.
package plainloop
