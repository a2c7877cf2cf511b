// SPDX-License-Identifier: Apache-2.0

package chip

import "errors"

// Target is what a chip shows of itself when a reader activates it.
type Target struct {
	ATQA [2]byte // in the order of the PN532 and libnfc, "03 44"; the air carries the two bytes in reverse
	SAK  byte
	UID  []byte // 4, 7 or 10 bytes
	ATS  []byte // without its length byte TL; empty if the chip does not speak ISO-DEP
}

// ISODEP reports whether the chip speaks ISO/IEC 14443-4.
func (t Target) ISODEP() bool { return len(t.ATS) > 0 }

// A Chip is one virtual tag. An antenna calls its methods one at a time.
type Chip interface {
	// Target returns what the next activation shows.
	Target() Target
	// Power tells the chip that the field came or went. Without power a chip forgets everything but its memory.
	Power(on bool)
	// Activate starts a dialogue. The chip keeps its power, so what it counts once per power-up is not counted again.
	Activate()
	// Transceive answers an APDU if the chip speaks ISO-DEP, otherwise a Type 2 command without its CRC.
	// The error is ErrNAK or ErrMute.
	Transceive(tx []byte) (rx []byte, err error)
}

var (
	// ErrNAK is the 4-bit refusal of a Type 2 chip. A chip that sends it leaves the state ACTIVE.
	ErrNAK = errors.New("chip answered NAK")
	// ErrMute means that nothing answered: no chip, no power, not selected, or a frame that the chip ignores.
	ErrMute = errors.New("chip is mute")
)
