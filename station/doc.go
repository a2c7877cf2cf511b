// SPDX-License-Identifier: Apache-2.0

// Package station takes one tap at a time through the rooms of a station: from the reader through
// tags, session and platform to the lamps. It writes each scan to the journal and to the log.
//
// What comes in are the events of the reader's process (reader.Event). What goes out are lamps,
// journal records, log lines, and notes to those who listen at the socket (api.Feed).
//
//	reader events                                      lamps: amber, steady
//	      |                                              ^
//	   receive --entered--> tap, queued once ------------'
//	      |                  |
//	      |--url---------->  early promise       serve, one tap at a time:
//	      |--tap---------->  result promise        early URL   -> prepare: intent, request, connection
//	      '--fault, ready -> service code          final result-> send, or withdraw
//	                                               answer      -> session, record, lamps
//
// The road of a tap is one function, serve, which reads from top to bottom.
//
// # Promises
//
// At most one POST is made for each proof that was read. Nothing is posted before the reader has
// said its last word about the tap, and before the journal has the intent or has had
// journal.Patience for it. With one-tap, the second proof is posted only after pending, in that
// session. A tap without a final result counts as torn. Green and red come from the platform
// alone, and only for the tag that lies on the reader. Shutdown does not cancel what was sent.
//
// # Goroutines
//
// Run starts four and waits for all of them. The first ends when the queue is closed and the tap in
// hand is finished; the others end when Run's context does:
//
//	sending    serve, tap after tap
//	platform   uplink.Platform.Watch, which probes the platform
//	upkeep     keepUp, which looks at disk and lamps every second
//	lamps      tellLamps, which hands on what is lit
//
// receive runs in Run's own goroutine. It never waits for the others: the reader is not held up.
package station
