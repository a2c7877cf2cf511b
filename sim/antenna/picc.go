// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"bytes"
	"errors"
	"math/bits"
	"slices"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// frameMax is what fits the PN532's FIFO, and therefore the FSD that it names in its RATS: bytes of one RF frame, CRC
// included (PN532 user manual UM0701-02 section 7.3.9; ISO/IEC 14443-4 section 5.1, FSDI 5).
const FrameMax = 64

// The short frames that wake a chip (ISO/IEC 14443-3 section 6.4.1), of 7 bits.
const (
	REQA = 0x26 // answered in IDLE
	WUPA = 0x52 // and in HALT
)

// informationMax is what a frame of ISO-DEP carries behind its PCB and in front of its CRC.
const InformationMax = FrameMax - 3

// piccState is a state of ISO/IEC 14443-3 section 6.3. PROTOCOL is the ISO-DEP of part 4.
type piccState int

const (
	piccIdle piccState = iota
	piccReady
	piccActive
	piccProtocol
	piccHalt
)

// picc is the radio side of a chip: initialisation and anticollision (ISO/IEC 14443-3 type A) and the
// block protocol (14443-4). It has no lock; the Field that holds it has one.
type picc struct {
	chip   chip.Chip
	target chip.Target
	state  piccState
	rested bool // it was woken out of HALT (the states READY* and ACTIVE*), and falls back to that
	level  int  // cascade level reached in READY

	number  byte     // block number, 0 or 1 (14443-4 section 7.5.4)
	last    []byte   // the last block sent, for R(NAK)
	pending [][]byte // the blocks of a chain still to send
}

func (p *picc) power(on bool) {
	p.state, p.rested = piccIdle, false
	p.chip.Power(on)
}

// request is REQA or WUPA, and tells whether the chip answers. One that is in another state than to be woken takes it for
// an error: in PROTOCOL for a broken block, which it passes over; in READY and ACTIVE it falls back.
func (p *picc) request(command byte) bool {
	switch {
	case p.state == piccIdle, p.state == piccHalt && command == WUPA:
		p.rested = p.state == piccHalt
		p.wake()
		return true
	case p.state == piccReady, p.state == piccActive:
		p.fallBack()
	}
	return false
}

// fallBack is the end of a dialogue that was not ended by HLTA or S(DESELECT).
func (p *picc) fallBack() {
	p.state = piccIdle
	if p.rested {
		p.state = piccHalt
	}
}

// bits are the cascade levels with each byte turned round, since the air carries bit 1 first.
func (p *picc) bits() []byte {
	all := bytes.Join(Cascade(p.target.UID), nil)
	for i := range all {
		all[i] = bits.Reverse8(all[i])
	}
	return all
}

// wake is the start of a dialogue, without loss of power.
func (p *picc) wake() {
	p.chip.Activate()
	p.target = p.chip.Target()
	p.state, p.level = piccReady, 0
	p.number, p.last, p.pending = 1, nil, nil
}

// choose is the rest of an activation: anticollision, SELECT, and RATS if asked for.
func (p *picc) choose(rats bool) {
	p.state = piccActive
	if rats && p.target.ISODEP() {
		p.state = piccProtocol
	}
}

func (p *picc) selected() bool { return p.state == piccActive || p.state == piccProtocol }

// exchange carries one payload, an APDU or a Type 2 command, as if its frames had gone through the air.
func (p *picc) exchange(tx []byte) ([]byte, error) {
	if !p.selected() || p.target.ISODEP() != (p.state == piccProtocol) {
		return nil, chip.ErrMute
	}
	if p.state == piccActive && len(tx) == 2 && tx[0] == 0x50 {
		p.state = piccHalt
		return nil, chip.ErrMute
	}
	rx, err := p.chip.Transceive(tx)
	switch {
	case errors.Is(err, chip.ErrNAK):
		p.fallBack()
	case err == nil && p.state == piccProtocol:
		for p.chain(rx); len(p.pending) > 0; {
			p.next()
		}
	}
	return rx, err
}

// frame answers one frame of the air, CRC_A included. The last byte of tx has txBits bits (0 means 8); so has rx.
func (p *picc) frame(tx []byte, txBits int) (rx []byte, rxBits int, err error) {
	if len(tx) == 1 && txBits == 7 {
		return p.shortFrame(tx[0])
	}
	if len(tx) < 1 || txBits != 0 {
		return nil, 0, chip.ErrMute
	}
	switch p.state {
	case piccReady:
		if rx = p.anticollision(tx); rx == nil {
			p.fallBack()
		}
	case piccActive:
		return p.type2Frame(tx)
	case piccProtocol:
		rx = p.block(tx)
	}
	if rx == nil {
		return nil, 0, chip.ErrMute
	}
	return rx, 0, nil
}

// shortFrame is REQA or WUPA; any other is an error like a request out of place.
func (p *picc) shortFrame(command byte) ([]byte, int, error) {
	if command != REQA && command != WUPA {
		if p.state == piccReady || p.state == piccActive {
			p.fallBack()
		}
		return nil, 0, chip.ErrMute
	}
	if !p.request(command) {
		return nil, 0, chip.ErrMute
	}
	return []byte{p.target.ATQA[1], p.target.ATQA[0]}, 0, nil
}

// anticollision is 14443-3 section 6.5.3: SEL 20 asks for a cascade level's four bytes, SEL 70 … selects it. One chip
// never collides with itself, so the bit-wise search between 20 and 70 is not answered.
func (p *picc) anticollision(tx []byte) []byte {
	levels := Cascade(p.target.UID)
	ours := levels[p.level]
	if len(tx) < 2 || tx[0] != 0x93+2*byte(p.level) {
		return nil
	}
	body, ok := TrimCRC(tx)
	switch {
	case len(tx) == 2 && tx[1] == 0x20:
		return ours
	case !ok || len(body) != 7 || body[1] != 0x70 || !bytes.Equal(body[2:], ours):
		return nil
	}
	p.level++
	if p.level < len(levels) {
		return AppendCRC([]byte{0x04}) // cascade bit: UID not complete
	}
	p.state = piccActive
	return AppendCRC([]byte{p.target.SAK})
}

// cascade cuts a UID of 4, 7 or 10 bytes into levels of four bytes and BCC; 88 is the cascade tag.
func Cascade(uid []byte) (levels [][]byte) {
	for len(uid) > 0 {
		level := slices.Clone(uid[:min(4, len(uid))])
		uid = uid[min(4, len(uid)):]
		if len(uid) > 0 {
			uid = append([]byte{level[3]}, uid...)
			level = append([]byte{0x88}, level[:3]...)
		}
		level = append(level, level[0]^level[1]^level[2]^level[3])
		levels = append(levels, level)
	}
	return levels
}

// type2Frame is a frame to a chip in ACTIVE: RATS, HLTA, or a Type 2 command.
func (p *picc) type2Frame(tx []byte) ([]byte, int, error) {
	body, ok := TrimCRC(tx)
	if !ok {
		return nil, 0, chip.ErrMute
	}
	if p.target.ISODEP() {
		switch {
		case len(body) == 2 && body[0] == 0xE0: // RATS
			p.state = piccProtocol
			return AppendCRC(append([]byte{byte(1 + len(p.target.ATS))}, p.target.ATS...)), 0, nil
		case len(body) == 2 && body[0] == 0x50: // HLTA
			p.state = piccHalt
		}
		return nil, 0, chip.ErrMute
	}
	rx, err := p.exchange(body)
	if errors.Is(err, chip.ErrNAK) {
		return []byte{0x00}, 4, nil // NAK: invalid argument
	}
	if err != nil {
		return nil, 0, err
	}
	return AppendCRC(rx), 0, nil
}

// block is a frame to a chip in PROTOCOL (14443-4 section 7.5): unchained I-blocks in, chains out, R(ACK), R(NAK) and
// S(DESELECT); no CID, no NAD.
func (p *picc) block(tx []byte) []byte {
	body, ok := TrimCRC(tx)
	if !ok || len(body) == 0 {
		return nil
	}
	pcb, number := body[0], body[0]&0x01
	switch {
	case pcb&0xFE == 0x02: // I-block
		rx, err := p.chip.Transceive(body[1:])
		if err != nil || len(rx) == 0 {
			return nil
		}
		p.chain(rx)
		return p.next()
	case len(body) > 1:
		return nil
	case pcb&0xEE == 0xA2 && number == p.number: // R(ACK) or R(NAK) of the block in hand: send it again (rule 11)
		return p.last
	case pcb&0xFE == 0xA2 && len(p.pending) > 0: // R(ACK) of the other: the chain goes on (rule 13)
		return p.next()
	case pcb&0xFE == 0xB2: // R(NAK) of the other: nothing was lost (rule 12)
		return AppendCRC([]byte{0xA2 | p.number})
	case pcb == 0xC2: // S(DESELECT)
		p.state = piccHalt
		return AppendCRC([]byte{0xC2})
	}
	return nil
}

// chain cuts an answer into the blocks that the reader's FIFO can take.
func (p *picc) chain(rx []byte) {
	p.pending = slices.Collect(slices.Chunk(rx, InformationMax))
}

// next is the following block of a chain; PCB 12 or 13 means that more will come.
func (p *picc) next() []byte {
	p.number ^= 1
	pcb := 0x02 | p.number
	if len(p.pending) > 1 {
		pcb |= 0x10
	}
	p.last = AppendCRC(append([]byte{pcb}, p.pending[0]...))
	p.pending = p.pending[1:]
	return p.last
}

// crcA is CRC_A (ISO/IEC 14443-3 annex B), least significant byte first on the air.
func crcA(data []byte) [2]byte {
	crc := uint16(0x6363)
	for _, b := range data {
		b ^= byte(crc)
		b ^= b << 4
		crc = crc>>8 ^ uint16(b)<<8 ^ uint16(b)<<3 ^ uint16(b)>>4
	}
	return [2]byte{byte(crc), byte(crc >> 8)}
}

func AppendCRC(data []byte) []byte {
	crc := crcA(data)
	return append(slices.Clip(data), crc[:]...)
}

func TrimCRC(frame []byte) (data []byte, ok bool) {
	if len(frame) < 2 {
		return nil, false
	}
	data = frame[:len(frame)-2]
	return data, crcA(data) == [2]byte(frame[len(frame)-2:])
}
