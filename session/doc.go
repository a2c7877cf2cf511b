// SPDX-License-Identifier: Apache-2.0

// Package session knows which session a tag is in, and for how long.
//
// A session is one verification flow on one tag. The platform opens it when a scan
// arrives without one, names it in the answer, and keeps it live for ten minutes. If
// the next scan of the same tag carries the id, the platform can resolve pending into
// valid or invalid.
//
// What comes in: what the platform answered (Answered, Refused), and after a restart
// what the journal remembers (Restore, Settle). What goes out: the id that the next
// scan of a tag carries (Carried), or "".
//
// One tag, seen from the cache; Carried returns the id that it holds:
//
//	no id ── Answered names ses_1 ──> ses_1 ── Answered names ses_2 ──> ses_2
//	  ^                                 │                                 │
//	  └─── Answered with a verdict, Refused, or ten minutes since the opening ───┘
//
// It promises to drop an id only when the id is provably dead: dropping a live id
// costs the person a tap, carrying a dead one costs nothing. Whatever id an answer
// names is the one that the cache holds.
//
// The package never uses the board's wall clock. Ages come from the platform's clock
// and from the time since boot (CLOCK_BOOTTIME), which nobody can set.
//
// It has no goroutines and no locks: the caller uses a Cache from one goroutine at a
// time.
package session
