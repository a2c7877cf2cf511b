// SPDX-License-Identifier: Apache-2.0

package reader

import "slices"

// execute carries out a command and returns what its answer holds behind D5 and the command's code.
func (p *PN532) execute(data []byte) ([]byte, error) {
	if len(data) < 2 || data[0] != tfiHost {
		return nil, errSyntax
	}

	code, args := data[1], data[2:]
	c, ok := commands[code]
	if !ok || len(args) < c.least {
		return nil, errSyntax
	}
	return c.run(p, args)
}

// commands are those that libnfc 1.8.0 and its tools send to an initiator, each with the least number of its
// parameters.
var commands = map[byte]struct {
	least int
	run   func(*PN532, []byte) ([]byte, error)
}{
	0x00: {1, (*PN532).diagnose},
	0x02: {0, (*PN532).getFirmwareVersion},
	0x04: {0, (*PN532).getGeneralStatus},
	0x06: {2, (*PN532).readRegister},
	0x08: {3, (*PN532).writeRegister},
	0x12: {1, (*PN532).setParameters},
	0x14: {1, (*PN532).samConfiguration},
	0x16: {1, (*PN532).powerDown},
	0x32: {2, (*PN532).rfConfiguration},
	0x40: {2, (*PN532).inDataExchange},
	0x42: {0, (*PN532).inCommunicateThru},
	0x44: {1, (*PN532).inDeselect},
	0x46: {2, (*PN532).inJump}, // InJumpForPSL
	0x4A: {2, (*PN532).inListPassiveTarget},
	0x4E: {3, (*PN532).inPSL},
	0x50: {2, (*PN532).inATR},
	0x52: {1, (*PN532).inRelease},
	0x54: {1, (*PN532).inSelect},
	0x56: {3, (*PN532).inJump}, // InJumpForDEP
	0x60: {3, (*PN532).inAutoPoll},
}

// diagnose is 7.2.1. The communication line test echoes, memory and antenna are always fine, and the attention request
// asks whether the ISO-DEP card is still there; a Type 2 tag cannot be asked (recording failure-attention-type2).
func (p *PN532) diagnose(args []byte) ([]byte, error) {
	switch args[0] {
	case 0x00:
		return args, nil
	case 0x01, 0x02, 0x07:
		return []byte{0x00}, nil
	case 0x06:
		if p.target != nil && !p.target.ISODEP() {
			return []byte{statusContext}, nil
		}
		if p.field.Present() {
			return []byte{statusOK}, nil
		}
		return []byte{statusTimeout}, nil
	}
	return nil, errSyntax
}

// getFirmwareVersion is 7.2.2: PN532, version 1.6, ISO/IEC 14443 A and B and ISO/IEC 18092.
func (p *PN532) getFirmwareVersion([]byte) ([]byte, error) {
	return []byte{0x32, 0x01, 0x06, 0x07}, nil
}

// getGeneralStatus is 7.2.3: Err, Field, NbTg, then Tg BrRx BrTx Type of each target, SAM.
func (p *PN532) getGeneralStatus([]byte) ([]byte, error) {
	if p.target == nil {
		return []byte{0x00, 0x00, 0x00, 0x00}, nil
	}
	return []byte{0x00, 0x00, 0x01, 0x01, 0x00, 0x00, 0x10, 0x00}, nil
}

// readRegister is 7.2.4. The FIFO always reads as empty, so libnfc's timed exchanges see no answer.
func (p *PN532) readRegister(args []byte) ([]byte, error) {
	var values []byte
	for pair := range slices.Chunk(args[:len(args)&^1], 2) {
		values = append(values, p.registers[register(pair)])
	}
	return values, nil
}

// writeRegister is 7.2.5.
func (p *PN532) writeRegister(args []byte) ([]byte, error) {
	for triple := range slices.Chunk(args[:len(args)-len(args)%3], 3) {
		if reg := register(triple); reg != regFIFOData && reg != regFIFOLevel {
			p.registers[reg] = triple[2]
		}
	}
	return nil, nil
}

func register(address []byte) uint16 { return uint16(address[0])<<8 | uint16(address[1]) }

// setParameters is 7.2.9. Of its bits only the one for an automatic RATS has an effect here.
func (p *PN532) setParameters(args []byte) ([]byte, error) {
	p.parameters = args[0]
	return nil, nil
}

// samConfiguration is 7.2.10. There is no secure access module.
func (p *PN532) samConfiguration([]byte) ([]byte, error) { return nil, nil }

// powerDown is 7.2.11. The answer still goes out.
func (p *PN532) powerDown([]byte) ([]byte, error) {
	p.field.RF(false)
	p.target, p.asleep = nil, true
	return []byte{statusOK}, nil
}

// rfConfiguration is 7.3.1. Of its items the field (01) and MaxRetries (05) have an effect here.
func (p *PN532) rfConfiguration(args []byte) ([]byte, error) {
	switch {
	case args[0] == 0x01:
		p.carrier(args[1]&0x01 != 0)
	case args[0] == 0x05 && len(args) == 4:
		p.retries = args[3]
	}
	return nil, nil
}
