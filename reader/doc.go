// SPDX-License-Identifier: Apache-2.0

// Package reader is everything between the antenna and a tap URL.
//
// What comes in is a connstring, which names the reader, and tags that people hold to it. What goes out are
// events: a tag has entered, its URL is read, the tap is final, the tag has left, the reader failed, it is back.
//
// # How a tag is read
//
// A reader (ISO/IEC 14443: PCD) selects a tag (PICC) and learns its UID, ATQA and SAK, and its
// ATS if the tag speaks ISO-DEP. These tell its NFC Forum type, and how its NDEF message is read:
//
//	Type 4, ISO-DEP   APDUs: SELECT the application, SELECT the file, READ BINARY     type4.go
//	Type 2            pages of 4 bytes: GET_VERSION, FAST_READ, or READ for old ones  type2.go
//
// The first URI record of the message is the tap URL. An authentic tag makes a new one at every read, so
// that no read is put together from two halves: a retry starts at offset 0. All bytes of a tag may be hostile.
//
// # Who lies there
//
// After a read the tag is put to HALT, and the reader looks for another one, again every 400 ms while the tag
// rests. A tag with a random UID stays in HALT: there it keeps its UID, and whatever answers is another tag.
// chip.go, beside.go and rest.go have the rules.
//
// # Two processes
//
// libnfc can block for ever in a call that Go cannot cancel, and can abort the process it lives in. So
// it lives in a child, which the daemon starts, watches and kills. This package is what the child does; the
// daemon's half is package supervisor.
//
//	the child (Child)                                   the daemon (package supervisor)
//	antenna -> Device -> dialogue -> watch -> encode ~~ pipe ~~ decode -> Event
//	           libnfc or simulated                JSON lines
//
// Both sides recover what they can: recovery.go has the child's steps.
//
// # Goroutines
//
// A child's events and all that leads to them come from the one goroutine that calls Child; a Device is used by
// no other.
//
// # Promises
//
//   - Every entered is followed by the tap of the same tag (if the child dies, by package supervisor). At most
//     one url comes before that tap, and it may come to nothing.
//   - A tag that lies still gives one tap. It gives another one after it was away for 300 ms, at most one a second.
//     A tag with a random UID gives another one whenever it has lost its power, since it may be another tag
//     then; only the reader's own switching of the field does not count.
//   - A tap takes at most 600 ms and 64 commands, whatever the tag answers.
//   - A URL is what the tag gave in one read, unchanged and unchecked. A tap that is not alone in the field has none.
package reader
