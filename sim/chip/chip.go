// SPDX-License-Identifier: Apache-2.0

package chip

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
