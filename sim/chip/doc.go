// SPDX-License-Identifier: Apache-2.0

// Package chip holds virtual NFC chips: their memory, their read counters, and the proofs that they put into their
// URLs.
//
// A tag is a chip without a battery. It works while a reader's RF field powers it (Power). It forgets everything but
// its memory when it leaves the field. It answers no command until a reader activates it (Activate): the reader wakes
// it, learns its UID in the anticollision of ISO/IEC 14443-3, and selects it. What follows depends on the SAK:
//
//   - A Type 2 chip (NTAG 21x, NTAG 22x DNA) takes short commands. It answers a READ with 16 bytes, or refuses with a
//     4-bit NAK, after which the reader must select it again.
//   - A Type 4 chip (NTAG 424 DNA) sends its ATS and then speaks ISO-DEP (ISO/IEC 14443-4), which carries the APDUs of
//     ISO/IEC 7816-4.
//
// A genuine NTAG DNA counts its reads and writes the count into the URL that it gives, encrypted or authenticated:
//
//	command -- Transceive --> counter rises? -- SDM: UID and counter under the chip's keys --> URL -- NDEF --> answer
//
// The two families let the counter rise at different moments, and a reader that does not know when can make a genuine
// tag look invalid. Those rules are the reason for this room:
//
//	NTAG 424 DNA   at the first READ BINARY of the NDEF file after any other command
//	NTAG 22x DNA   at the first READ or FAST_READ after the field powered the chip
//
// Their proofs differ, too. Both end in bytes 1, 3, … 15 of an AES-CMAC (RFC 4493):
//
//	NTAG 424 DNA   e = UID and counter, encrypted; c = CMAC of nothing, under a session key for UID and counter
//	NTAG 22x DNA   UID x counter x CMAC of binary UID and counter, under SUNCMAC_KEY itself
//	StatusDetect   UID x counter x loop x CMAC of binary UID, counter and loop, under SUNCMAC_KEY itself
//
// Proof424, Proof22x and ProofStatusDetect make the proofs; Open424 and Open22x verify them, as the platform does.
// Beside the genuine chips there are those that a station must tell from them: clones, blank and foreign tags, a
// payment card, a MIFARE Classic.
//
// What goes in: commands without CRC and blocks, since the radio side of a chip is the room antenna. What comes out:
// the bytes that a real chip answers, in no time. Chips are safe for concurrent use and start no goroutines.
package chip
