// SPDX-License-Identifier: Apache-2.0

// Package recording holds what real readers and tags were heard to say, as files that tests replay.
//
//	testdata/*.trace ── All ── Recording ──┬── sim/reader: the bench answers with the recorded bytes
//	                                       └── reader: the product concludes what a person would conclude
//
// A file is one recording. Its head says where it comes from; then every line is one step. A # begins a comment.
//
//	source nfcpy#131, Raspberry Pi 3 B, /dev/ttyAMA0    who published it, and with what hardware
//	grade  R                                            see Grade
//	layer  pn532                                        what the bytes are, see Layer
//	on     tag 0044 00 04112233445566 -                 what lies on the antenna, see Chip
//	knows  300a 0011…                                   what that tag answers to a command
//
//	802 > 0000ff04fcd44a0100e100    host to reader; 802 is the recorder's clock in ms, which nothing replays
//	803 < 0000ff00ff00              reader to host
//	< *200 9000                     the same: 200 bytes whose values are not recorded, then these
//	c> 0000ff04fcd44a0100e100       constructed: brings the reader into the recorded state; answer not compared
//	c< 0000ff00ff00                 constructed, but compared: what the source leaves out, such as an ACK
//	r> 26                           reader to tag, in the air; one byte is a short frame of 7 bits
//	t< 4403                         tag to reader
//	! take                          what the bench does, see Action
//	= nobody                        what the product concludes from the answer above, see Conclusion
//
// A > without a < behind it is a command whose answer is not recorded. UIDs and the contents of tags are replaced in
// the recordings, and checksums are made to fit.
//
// The package promises that every file is well formed: All returns an error that names the file and the line
// otherwise. It starts no goroutines.
package recording
