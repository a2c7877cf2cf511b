// SPDX-License-Identifier: Apache-2.0

// Package sim is the bench: virtual NTAG chips, the antenna they are laid on, a virtual PN532 that stock libnfc
// opens on a pseudo-terminal, and a virtual platform. It is used by tagbase-sim and by tests, never by a station.
//
// A tag is a chip without a battery. It lives while it lies in a reader's RF field (Power), forgets everything but
// its memory when it leaves, and says nothing until it is activated (Activate): the reader wakes it, reads its UID in
// the anticollision of ISO/IEC 14443-3, and selects it. What follows depends on the SAK. A Type 2 chip (NTAG 21x,
// NTAG 22x DNA) takes short commands such as READ and answers 16 bytes, or a 4-bit NAK after which it must be
// selected anew. A Type 4 chip (NTAG 424 DNA) sends its ATS and then speaks ISO-DEP (ISO/IEC 14443-4), which carries
// the APDUs of ISO/IEC 7816-4.
//
// Genuine NTAG DNA chips count their reads and put the count, encrypted or authenticated, into the URL they give.
// When exactly the count rises differs between the families, and a reader that does not know it can turn a genuine
// tag invalid; those rules are what the chips here are for.
//
// The way of a byte, from libnfc to a chip and back:
//
//	libnfc ── PTY ── PN532 (frames, commands) ── Field ── picc (ISO/IEC 14443) ── Chip (memory, counter)
//
// The socket (ServeSocket) works on the same Field, without PN532 and libnfc in between.
package sim

import "errors"

// Target is what a chip shows of itself when it is activated.
type Target struct {
	ATQA [2]byte // as the PN532 and libnfc give it, "03 44"; the two bytes travel through the air in reverse
	SAK  byte
	UID  []byte // 4, 7 or 10 bytes
	ATS  []byte // without its length byte TL; empty: not ISO-DEP
}

// ISODEP tells whether the chip speaks ISO/IEC 14443-4.
func (t Target) ISODEP() bool { return len(t.ATS) > 0 }

// A Chip lies in the field or does not, and answers what it is sent.
type Chip interface {
	// Target is what the next activation shows.
	Target() Target
	// Power tells the chip that the field came or went. A chip that loses it forgets all but its memory.
	Power(on bool)
	// Activate takes the chip to the start of its dialogue. It does not cost power: what a chip
	// counts once per power-up is not counted anew.
	Activate()
	// Transceive answers an APDU if the chip is ISO-DEP, else a Type 2 command without its CRC.
	// The error is ErrNAK or ErrMute.
	Transceive(tx []byte) (rx []byte, err error)
}

var (
	// ErrNAK is the 4-bit refusal of a Type 2 chip. The chip has left the ACTIVE state by sending it.
	ErrNAK = errors.New("chip answered NAK")
	// ErrMute is no answer: no chip, no power, not selected, or nothing to say.
	ErrMute = errors.New("chip is mute")
)
