// SPDX-License-Identifier: Apache-2.0

// Package scan is the vocabulary that every room of a station shares: what is
// submitted to the platform, what came of it, and what a technician is called for.
//
// It holds words and values and does nothing with them. It imports the standard
// library alone, and every other package may import it. Nothing here starts a
// goroutine, and every type is a plain value.
//
//	antenna -> tap URL -> Submission -> platform -> Outcome, Reason -> Record
//	                                                                   |-> journal
//	                                                                   |-> lamps
//	                                                                   |-> log, socket and page
//
// One tap that gives one proof is one scan. It begins as a Submission, ends as a
// Record, and its Outcome decides what the lamps show. A ServiceCode is not about one
// scan: it says that the station itself needs a technician.
package scan
