// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"bytes"
	"errors"
	"math/bits"
	"slices"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// FrameMax is the longest RF frame in bytes, CRC included. It is the size of the PN532's FIFO, and therefore the FSD
// that the PN532 names in its RATS (PN532 user manual UM0701-02 section 7.3.9; ISO/IEC 14443-4 section 5.1, FSDI 5).
const FrameMax = 64

// InformationMax is how many bytes an ISO-DEP frame carries behind its PCB (1 byte) and in front of its CRC (2 bytes).
const InformationMax = FrameMax - 3

// The short frames that wake a chip (ISO/IEC 14443-3 section 6.4.1), of 7 bits.
const (
	REQA = 0x26 // wakes chips in IDLE
	WUPA = 0x52 // wakes chips in IDLE and in HALT
)

// Other commands of ISO/IEC 14443, by their first byte.
const (
	cmdHLTA    = 0x50 // 14443-3 section 6.4.3
	cmdRATS    = 0xE0 // 14443-4 section 5.1
	cmdSelect  = 0x93 // SEL of cascade level 1; levels 2 and 3 are 95 and 97
	nvbAsk     = 0x20 // ask for the UID of this level
	nvbSelect  = 0x70 // select the UID that follows
	cascadeTag = 0x88 // stands for a UID byte: another level follows
)

// radioState is a state of ISO/IEC 14443-3 section 6.3:
//
//	IDLE -- REQA, WUPA --> READY -- SELECT --> ACTIVE -- RATS --> PROTOCOL
//	HALT -- WUPA --------> READY                 |                   |
//	  ^------------ HLTA ------------------------'                   |
//	  ^------------ S(DESELECT) -------------------------------------'
//
// A frame that is out of place takes READY and ACTIVE back to IDLE, or to HALT if the chip was woken out of that.
// PROTOCOL is the ISO-DEP of part 4. It ignores a frame that is out of place.
type radioState int

const (
	stateIdle radioState = iota
	stateReady
	stateActive
	stateProtocol
	stateHalt
)

// radio is the radio side of a chip: initialisation and anticollision (ISO/IEC 14443-3 type A). Its ISO-DEP is in
// block.go. It has no lock of its own; that of its Field guards it.
type radio struct {
	chip     chip.Chip
	target   chip.Target
	state    radioState
	fromHalt bool // woken out of HALT (the states READY* and ACTIVE*), and falls back to that
	level    int  // cascade level reached in READY

	number  byte     // block number, 0 or 1 (14443-4 section 7.5.4)
	last    []byte   // the last block sent, which an R(NAK) asks for again
	pending [][]byte // the blocks of a chain that have not been sent
}

func (r *radio) power(on bool) {
	r.state, r.fromHalt = stateIdle, false
	r.chip.Power(on)
}

// request is REQA or WUPA; it reports whether the chip answers. A chip that the command does not wake takes it for an
// error: in READY and ACTIVE it falls back; in PROTOCOL it ignores what looks like a broken block.
func (r *radio) request(command byte) bool {
	switch {
	case r.state == stateIdle, r.state == stateHalt && command == WUPA:
		r.fromHalt = r.state == stateHalt
		r.wake()
		return true
	case r.state == stateReady, r.state == stateActive:
		r.fallBack()
	}
	return false
}

// fallBack ends a dialogue that neither HLTA nor S(DESELECT) ended.
func (r *radio) fallBack() {
	r.state = stateIdle
	if r.fromHalt {
		r.state = stateHalt
	}
}

// bits returns the cascade levels with the bits of each byte reversed: the air carries bit 1 first, so this is the
// order in which the anticollision meets them.
func (r *radio) bits() []byte {
	all := bytes.Join(Cascade(r.target.UID), nil)
	for i := range all {
		all[i] = bits.Reverse8(all[i])
	}
	return all
}

// wake starts a dialogue; the chip keeps its power.
func (r *radio) wake() {
	r.chip.Activate()
	r.target = r.chip.Target()
	r.state, r.level = stateReady, 0
	r.number, r.last, r.pending = 1, nil, nil // a chip's block number begins at 1 (14443-4 section 7.5.4)
}

// choose is the rest of an activation in one step: anticollision, SELECT, and RATS if it is asked for.
func (r *radio) choose(rats bool) {
	r.state = stateActive
	if rats && r.target.ISODEP() {
		r.state = stateProtocol
	}
}

func (r *radio) selected() bool { return r.state == stateActive || r.state == stateProtocol }

// exchange carries one payload, an APDU or a Type 2 command, and leaves the chip as if its frames had gone through the
// air one by one.
func (r *radio) exchange(tx []byte) ([]byte, error) {
	// A chip that speaks ISO-DEP takes an APDU only after its RATS.
	if !r.selected() || r.target.ISODEP() != (r.state == stateProtocol) {
		return nil, chip.ErrMute
	}
	if r.state == stateActive && len(tx) == 2 && tx[0] == cmdHLTA {
		r.state = stateHalt
		return nil, chip.ErrMute
	}

	rx, err := r.chip.Transceive(tx)
	switch {
	case errors.Is(err, chip.ErrNAK), errors.Is(err, chip.ErrMute) && r.state == stateActive:
		r.fallBack() // 14443-3 section 6.3.5: a command that the chip does not know ends ACTIVE
	case err == nil && r.state == stateProtocol:
		for r.chain(rx); len(r.pending) > 0; {
			r.next() // the block number moves on, and an R(NAK) gets the last block
		}
	}
	return rx, err
}

// frame answers one frame of the air, see Field.Frame.
func (r *radio) frame(tx []byte, txBits int) (rx []byte, rxBits int, err error) {
	if len(tx) == 1 && txBits == 7 {
		return r.shortFrame(tx[0])
	}
	if len(tx) < 1 || txBits != 0 {
		return nil, 0, chip.ErrMute
	}

	// In IDLE and HALT a chip hears short frames alone.
	switch r.state {
	case stateReady:
		if rx = r.anticollision(tx); rx == nil {
			r.fallBack()
		}
	case stateActive:
		return r.activeFrame(tx)
	case stateProtocol:
		rx = r.block(tx)
	}

	if rx == nil {
		return nil, 0, chip.ErrMute
	}
	return rx, 0, nil
}

// shortFrame is REQA or WUPA. Any other short frame is an error, as a request out of place is.
func (r *radio) shortFrame(command byte) ([]byte, int, error) {
	if command != REQA && command != WUPA {
		if r.state == stateReady || r.state == stateActive {
			r.fallBack()
		}
		return nil, 0, chip.ErrMute
	}

	if !r.request(command) {
		return nil, 0, chip.ErrMute
	}

	// The answer is the ATQA, low byte first and without a CRC.
	return []byte{r.target.ATQA[1], r.target.ATQA[0]}, 0, nil
}

// anticollision is 14443-3 section 6.5.3: SEL 20 asks for the four bytes of a cascade level, SEL 70 … selects it. It
// does not answer the bit-wise search between 20 and 70, since one chip never collides with itself.
func (r *radio) anticollision(tx []byte) []byte {
	levels := Cascade(r.target.UID)
	ours := levels[r.level]
	if len(tx) < 2 || tx[0] != cmdSelect+2*byte(r.level) {
		return nil
	}

	body, ok := TrimCRC(tx)
	switch {
	case len(tx) == 2 && tx[1] == nvbAsk:
		return ours
	case !ok || len(body) != 7 || body[1] != nvbSelect || !bytes.Equal(body[2:], ours):
		return nil
	}

	// The reader has selected this level: either the next one follows, or the UID is complete.
	r.level++
	if r.level < len(levels) {
		return AppendCRC([]byte{0x04}) // cascade bit: the UID is not complete
	}
	r.state = stateActive
	return AppendCRC([]byte{r.target.SAK})
}

// activeFrame answers a frame to a chip in ACTIVE: RATS, HLTA, or a Type 2 command.
func (r *radio) activeFrame(tx []byte) ([]byte, int, error) {
	body, ok := TrimCRC(tx)
	if !ok {
		return nil, 0, chip.ErrMute
	}

	if r.target.ISODEP() {
		switch {
		case len(body) == 2 && body[0] == cmdRATS:
			r.state = stateProtocol
			return AppendCRC(append([]byte{byte(1 + len(r.target.ATS))}, r.target.ATS...)), 0, nil
		case len(body) == 2 && body[0] == cmdHLTA:
			r.state = stateHalt
		}
		return nil, 0, chip.ErrMute
	}

	rx, err := r.exchange(body)
	if errors.Is(err, chip.ErrNAK) {
		return []byte{0x00}, 4, nil // NAK of 4 bits: invalid argument
	}
	if err != nil {
		return nil, 0, err
	}
	return AppendCRC(rx), 0, nil
}

// Cascade cuts a UID of 4, 7 or 10 bytes into cascade levels of four bytes and their BCC. All but the last level begin
// with the cascade tag 88 (ISO/IEC 14443-3 section 6.5).
func Cascade(uid []byte) (levels [][]byte) {
	for len(uid) > 0 {
		level := slices.Clone(uid[:min(4, len(uid))])
		uid = uid[min(4, len(uid)):]

		// The cascade tag takes a byte's place, which moves to the next level.
		if len(uid) > 0 {
			uid = append([]byte{level[3]}, uid...)
			level = append([]byte{cascadeTag}, level[:3]...)
		}

		level = append(level, level[0]^level[1]^level[2]^level[3])
		levels = append(levels, level)
	}
	return levels
}
