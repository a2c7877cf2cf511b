// SPDX-License-Identifier: Apache-2.0

// Command tagbase-sim is the bench from the command line: everything that a
// station meets, without hardware. It is never installed on a station.
//
//	tagbase-sim tap, by bench.sock          "file:" lamps
//	          │                                   ^
//	          v                                   │
//	tags on an antenna ──> a virtual PN532 ──> tagbase-edge run
//	                       on a pseudo-terminal   │
//	                       (or bench.sock as      v
//	                       simulated reader)   platform, by HTTPS
//
// "story" starts all of this with a real station (the program tagbase-edge),
// holds one tag after the other to the reader, and compares what the station
// does with what it should do. "bench" starts the same without a station.
// "reader" and "platform" start one of the two alone. "put", "tap" and "remove"
// move a tag on a bench that another terminal runs; "tags" lists the tags.
//
// Each command keeps its files in a temporary directory and removes it at the
// end. The parts themselves are in package sim and the packages below it; this
// command holds flags and printing.
//
// Goroutines: "reader" starts one for the virtual PN532, which ends when its
// pseudo-terminal is closed. All others belong to the parts, whose Close ends
// them. Ctrl-C, SIGTERM and SIGHUP cancel the command's context, and every
// command then closes what it opened.
package main
