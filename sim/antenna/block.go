// SPDX-License-Identifier: Apache-2.0

package antenna

import "slices"

// First bytes (PCB) of ISO-DEP blocks without CID and NAD (ISO/IEC 14443-4 section 7.1). Bit 1 is the block number,
// except in an S-block.
const (
	pcbI          = 0x02
	pcbChaining   = 0x10 // in an I-block: another one follows
	pcbACK        = 0xA2
	pcbNAK        = 0xB2
	pcbSDeselect  = 0xC2
	maskNumber    = 0x01
	maskACKOrNAK  = 0xEE // without the block number, and without the bit in which ACK and NAK differ
	maskButNumber = 0xFE
)

// block answers a frame to a chip in PROTOCOL by the rules of ISO/IEC 14443-4 section 7.5. The chip takes unchained
// I-blocks, R(ACK), R(NAK) and S(DESELECT), and answers an I-block with a chain if it must. It ignores anything else.
func (r *radio) block(tx []byte) []byte {
	body, ok := TrimCRC(tx)
	if !ok || len(body) == 0 {
		return nil
	}

	pcb, number := body[0], body[0]&maskNumber
	switch {
	case pcb&maskButNumber == pcbI:
		rx, err := r.chip.Transceive(body[1:])
		if err != nil || len(rx) == 0 {
			return nil
		}
		r.chain(rx)
		return r.next()
	case len(body) > 1:
		return nil // an R- or S-block carries nothing
	case pcb&maskACKOrNAK == pcbACK && number == r.number:
		return r.last // the reader has not got the last block: it goes again (rule 11)
	case pcb&maskButNumber == pcbACK && len(r.pending) > 0:
		return r.next() // the reader has got it: the chain goes on (rule 13)
	case pcb&maskButNumber == pcbNAK:
		return AppendCRC([]byte{pcbACK | r.number}) // the reader asks whether the chip is there (rule 12)
	case pcb == pcbSDeselect:
		r.state = stateHalt
		return AppendCRC([]byte{pcbSDeselect})
	}
	return nil
}

// chain cuts an answer into blocks that fit the reader's FIFO.
func (r *radio) chain(rx []byte) {
	r.pending = slices.Collect(slices.Chunk(rx, InformationMax))
}

// next returns the following block of a chain.
func (r *radio) next() []byte {
	r.number ^= 1
	pcb := pcbI | r.number
	if len(r.pending) > 1 {
		pcb |= pcbChaining
	}

	r.last = AppendCRC(append([]byte{pcb}, r.pending[0]...))
	r.pending = r.pending[1:]
	return r.last
}

// crcA returns CRC_A (ISO/IEC 14443-3 annex B), least significant byte first, as the air carries it.
func crcA(data []byte) [2]byte {
	crc := uint16(0x6363)
	for _, b := range data {
		b ^= byte(crc)
		b ^= b << 4
		crc = crc>>8 ^ uint16(b)<<8 ^ uint16(b)<<3 ^ uint16(b)>>4
	}
	return [2]byte{byte(crc), byte(crc >> 8)}
}

// AppendCRC returns data with its CRC_A behind it. It does not change data.
func AppendCRC(data []byte) []byte {
	crc := crcA(data)
	return append(slices.Clip(data), crc[:]...)
}

// TrimCRC cuts the CRC_A off a frame, and reports whether it is right.
func TrimCRC(frame []byte) (data []byte, ok bool) {
	if len(frame) < 2 {
		return nil, false
	}
	data = frame[:len(frame)-2]
	return data, crcA(data) == [2]byte(frame[len(frame)-2:])
}
