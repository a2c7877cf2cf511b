// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Status bytes (UM0701-02 section 7.1). Bits 7 and 6 are never set: on bit 7 libnfc aborts its process.
const (
	statusOK        = 0x00
	statusTimeout   = 0x01 // the target has not answered
	statusCRC       = 0x02
	statusCollision = 0x06
	statusOverflow  = 0x09 // more than the FIFO's 64 bytes
	statusFormat    = 0x13 // an answer that breaks the specification, such as a NAK
	statusAuth      = 0x14 // MIFARE Classic authentication
	statusContext   = 0x27 // command not acceptable now
)

// sakISODEP is the bit of SAK that a chip sets which speaks ISO-DEP (ISO/IEC 14443-3 section 6.5.3.4).
const sakISODEP = 0x20

// authenticateSize is the code of an authentication, its block, a key of 6 bytes and a UID of 4.
const authenticateSize = 1 + 1 + 6 + 4

// inDataExchange is 7.3.8: an APDU to an ISO-DEP target, otherwise one of the MIFARE commands. To any other command of
// a Type 2 tag the chip gives its syntax error (recording indataexchange-unknown).
func (p *PN532) inDataExchange(args []byte) ([]byte, error) {
	tg, data := args[0], args[1:]
	if p.target == nil || tg != 0x01 {
		return []byte{statusContext}, nil
	}

	if !p.target.ISODEP() {
		switch data[0] {
		case 0x30, 0xA2: // READ, WRITE of a Type 2 tag
		case 0x60, 0x61: // authentication with key A or B, which fails and leaves the chip in HALT
			if len(data) < authenticateSize {
				return nil, errSyntax
			}
			p.field.Deselect()
			return []byte{statusAuth}, nil
		default:
			if p.target.SAK&sakISODEP != 0 { // without its RATS
				return []byte{statusContext}, nil
			}
			return nil, errSyntax
		}
	}

	// The command takes its time in the air even if nothing answers.
	rx, err := p.field.Transceive(data)
	p.spend(exchangeTime(len(data), len(rx), p.target.ISODEP()))
	switch {
	case errors.Is(err, chip.ErrNAK):
		return []byte{statusFormat}, nil
	case errors.Is(err, antenna.ErrCollision):
		return []byte{statusCRC}, nil
	case err != nil:
		return []byte{statusTimeout}, nil
	}
	return append([]byte{statusOK}, rx...), nil
}

// inCommunicateThru is 7.3.9: one frame, unchanged, with the CRC and the number of bits that the CIU's registers ask
// for.
func (p *PN532) inCommunicateThru(tx []byte) ([]byte, error) {
	txMode, rxMode := p.registers[regTxMode], p.registers[regRxMode]
	if txMode&^modeCRC != 0 || p.registers[regManualRCV]&parityDisable != 0 {
		return []byte{statusTimeout}, nil // no chip here understands type B, another speed or the host's own parity
	}

	txBits := int(p.registers[regBitFraming] & lastBits)
	if txMode&modeCRC != 0 && txBits == 0 {
		tx = antenna.AppendCRC(tx)
	}

	rx, rxBits, err := p.field.Frame(tx, txBits)
	p.spend(frameTime(len(tx)) + frameTime(len(rx)))
	if errors.Is(err, antenna.ErrCollision) {
		return []byte{statusCollision}, nil
	}
	if err != nil {
		return []byte{statusTimeout}, nil
	}
	if len(rx) > antenna.FrameMax {
		return []byte{statusOverflow}, nil
	}

	p.registers[regControl] = p.registers[regControl]&^lastBits | byte(rxBits)
	if rxMode&modeCRC != 0 {
		body, ok := antenna.TrimCRC(rx)
		if !ok || rxBits != 0 { // a NAK of 4 bits has no CRC either
			return []byte{statusCRC}, nil
		}
		rx = body
	}
	return append([]byte{statusOK}, rx...), nil
}
