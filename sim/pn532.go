// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync/atomic"
	"time"
)

// Registers that mean something here (UM0701-02 section 7.2.4, PN512 data sheet); the others only remember.
const (
	regTxMode      = 0x6302 // bit 7: CRC appended; bits 6 to 4: speed; bits 1 and 0: framing
	regRxMode      = 0x6303 // the same for what is received
	regManualRCV   = 0x630D // bit 4: parity off
	regFIFOData    = 0x6339
	regFIFOLevel   = 0x633A
	regControl     = 0x633C // bits 2 to 0: valid bits of the last byte received, 0 is all
	regBitFraming  = 0x633D // bits 2 to 0: bits to send of the last byte, 0 is all
	modeCRC        = 0x80
	modeTypeA106   = modeCRC
	parityDisable  = 0x10
	lastBits       = 0x07
	infiniteRetry  = 0xFF
	paramAutoRATS  = 0x10
	pollPeriodUnit = 150 * time.Millisecond
)

var (
	errSyntax  = errors.New("not a command of the PN532")
	errAborted = errors.New("command aborted by the host")
)

// PN532 is the reader chip as its host sees it over the HSU (NXP UM0701-02 section 7): frames in, ACK and answer out,
// one command at a time, state that outlives its host.
type PN532 struct {
	field    *Field
	commands atomic.Int64

	// What follows belongs to the Serve that runs.
	frames     chan frame
	interrupt  *frame // came while a command waited for a tag
	answer     []byte // the last one, for NACK
	asleep     bool   // until a wake-up preamble
	parameters byte   // SetParameters
	retries    byte   // MxRtyPassiveActivation
	registers  map[uint16]byte
	target     *Target // Tg 1; nil: nothing listed
}

// NewPN532 makes a chip that has just been powered: asleep, with the values of UM0701-02.
func NewPN532(f *Field) *PN532 {
	return &PN532{
		field:      f,
		asleep:     true,
		parameters: paramAutoRATS,
		retries:    infiniteRetry,
		registers:  map[uint16]byte{regTxMode: modeTypeA106, regRxMode: modeTypeA106},
	}
}

// Commands is how many commands hosts have given so far.
func (p *PN532) Commands() int { return int(p.commands.Load()) }

// Serve talks to one host until its end of file. One Serve runs at a time.
func (p *PN532) Serve(rw io.ReadWriter) error {
	p.frames = make(chan frame)
	p.interrupt = nil
	done := make(chan struct{})
	defer close(done)
	var readErr error
	go func(out chan<- frame) {
		defer close(out)
		in := newFrames(bufio.NewReader(rw))
		for {
			f, err := in.next()
			if err != nil {
				readErr = err
				return
			}
			select {
			case out <- f:
			case <-done:
				return
			}
		}
	}(p.frames)
	for {
		f, ok := p.nextFrame()
		if !ok {
			return ended(readErr)
		}
		if err := p.react(rw, f); err != nil {
			return ended(err)
		}
	}
}

// ended takes a line that was closed, by the host or by us, for the regular end.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

func (p *PN532) nextFrame() (frame, bool) {
	if f := p.interrupt; f != nil {
		p.interrupt = nil
		return *f, true
	}
	f, ok := <-p.frames
	return f, ok
}

// react is the dialogue of UM0701-02 section 6.2.2.
func (p *PN532) react(w io.Writer, f frame) error {
	p.asleep = p.asleep && !f.wakes
	if p.asleep || f.kind == frameACK {
		return nil
	}
	if f.kind == frameNACK {
		_, err := w.Write(p.answer)
		return err
	}
	if _, err := w.Write(ackFrame); err != nil {
		return err
	}
	p.commands.Add(1)
	data, err := p.execute(f.data)
	switch {
	case errors.Is(err, errAborted):
		return nil
	case err != nil:
		p.answer = errorFrame
	default:
		p.answer = encodeFrame(slices.Concat([]byte{tfiPN532, f.data[1] + 1}, data))
	}
	_, err = w.Write(p.answer)
	return err
}

// execute gives what the answer holds behind D5 and the command's code.
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

// commands are those that libnfc 1.8.0 and its tools send to an initiator, with the least number of their parameters.
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

// diagnose is 7.2.1: the communication line test echoes, memory and antenna are fine, the attention request asks
// whether the ISO-DEP card is still there.
func (p *PN532) diagnose(args []byte) ([]byte, error) {
	switch args[0] {
	case 0x00:
		return args, nil
	case 0x01, 0x02, 0x07:
		return []byte{0x00}, nil
	case 0x06:
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

// getGeneralStatus is 7.2.3: Err, Field, NbTg, then Tg BrRx BrTx Type of each, SAM.
func (p *PN532) getGeneralStatus([]byte) ([]byte, error) {
	if p.target == nil {
		return []byte{0x00, 0x00, 0x00, 0x00}, nil
	}
	return []byte{0x00, 0x00, 0x01, 0x01, 0x00, 0x00, 0x10, 0x00}, nil
}

// readRegister is 7.2.4. There is no FIFO to look into: libnfc's timed exchanges see no answer.
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

func (p *PN532) setParameters(args []byte) ([]byte, error) {
	p.parameters = args[0]
	return nil, nil
}

func (p *PN532) samConfiguration([]byte) ([]byte, error) { return nil, nil }

// powerDown is 7.2.11. The answer still goes out.
func (p *PN532) powerDown([]byte) ([]byte, error) {
	p.field.RF(false)
	p.target, p.asleep = nil, true
	return []byte{statusOK}, nil
}

// rfConfiguration is 7.3.1. Of its items the field (01) and MaxRetries (05) mean something here.
func (p *PN532) rfConfiguration(args []byte) ([]byte, error) {
	switch {
	case args[0] == 0x01:
		p.field.RF(args[1]&0x01 != 0)
	case args[0] == 0x05 && len(args) == 4:
		p.retries = args[3]
	}
	return nil, nil
}
