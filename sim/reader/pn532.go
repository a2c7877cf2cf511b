// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Registers that have an effect here (UM0701-02 section 7.2.4, PN512 data sheet); the others only keep their value.
const (
	regTxMode      = 0x6302 // bit 7: append a CRC; bits 6 to 4: speed; bits 1 and 0: framing
	regRxMode      = 0x6303 // the same for what is received
	regManualRCV   = 0x630D // bit 4: parity off
	regFIFOData    = 0x6339
	regFIFOLevel   = 0x633A
	regControl     = 0x633C // bits 2 to 0: valid bits of the last byte received; 0 means all
	regBitFraming  = 0x633D // bits 2 to 0: bits to send of the last byte; 0 means all
	modeCRC        = 0x80
	modeTypeA106   = modeCRC
	parityDisable  = 0x10
	lastBits       = 0x07
	infiniteRetry  = 0xFF
	paramAutoRATS  = 0x10
	pollPeriodUnit = 150 * time.Millisecond // of InAutoPoll (7.3.13)
)

var (
	errSyntax  = errors.New("not a command of the PN532")
	errAborted = errors.New("command aborted by the host, or by a reset")
)

// PN532 is the reader chip as its host sees it over the HSU (NXP UM0701-02 section 7): it takes frames and gives an ACK
// and an answer, works on one command at a time, and keeps its state when the host restarts. It keeps the rules until a
// test breaks it, see Break.
type PN532 struct {
	field    *antenna.Field
	commands atomic.Int64

	// Serve holds mu while it works on a frame, except while it waits or writes.
	mu        sync.Mutex
	cut       chan struct{} // closed by the next power-on: ends every wait
	resets    int
	faults    []Fault
	struck    int       // how many commands met a fault
	hangs     bool      // until Mend or Reset, or
	hangsTill time.Time // until then
	behind    bool      // every answer is that of the command before, see OneBehind
	deafOnce  bool      // the next command is lost, see DeafOnAbort
	timing    bool
	traffic   Traffic
	given     int       // bytes given to the host in this dialogue
	clock     time.Time // with timing: when the work so far is done
	fieldOn   time.Time // with timing: since when the field is on; zero if it is off

	answer     []byte // the last answer, which a NACK asks for again
	asleep     bool   // until a wake-up preamble
	parameters byte   // of SetParameters
	retries    byte   // MxRtyPassiveActivation
	registers  map[uint16]byte
	target     *chip.Target // Tg 1; nil if nothing is listed

	// Only the Serve that runs uses these.
	frames    chan frame
	interrupt *frame // arrived while a command waited for a tag
}

// NewPN532 makes a chip that has just got its power: asleep, with the values of UM0701-02.
func NewPN532(f *antenna.Field) *PN532 {
	p := &PN532{field: f, cut: make(chan struct{})}
	p.powerOn()
	return p
}

// powerOn sets the state after power-on and after RSTPDN (UM0701-02 section 6.1): field off, nothing listed, asleep.
func (p *PN532) powerOn() {
	// Whatever the chip waits for ends here, with errAborted.
	close(p.cut)
	p.cut = make(chan struct{})
	p.carrier(false)
	p.hangs, p.hangsTill = false, time.Time{}
	p.behind, p.deafOnce = false, false

	p.answer, p.target = nil, nil
	p.asleep = true
	p.parameters = paramAutoRATS
	p.retries = infiniteRetry
	p.registers = map[uint16]byte{regTxMode: modeTypeA106, regRxMode: modeTypeA106}
}

// Reset is a pulse on the reset line RSTPDN: the chip drops what it does, ends any hang, and is as after power-on.
// Faults that Break has ordered stay ordered.
func (p *PN532) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.powerOn()

	// The line sees by the count that the frame which it is reading is torn.
	p.resets++
}

// Commands returns how many commands hosts have given so far.
func (p *PN532) Commands() int { return int(p.commands.Load()) }

// Traffic is what has passed between hosts and the chip.
type Traffic struct {
	Dialogues []Dialogue
	Late      []time.Duration // with Timing: how much too late each frame to the host went out
}

// A Dialogue is one command with its ACK and its answer.
type Dialogue struct {
	Code         byte      // of the command
	Began, Ended time.Time // when the chip heard the command, when it had given the answer
	Bytes        int       // of its frames, both ways
}

// Traffic returns what has passed since the last call, the first 65,536 dialogues of it.
func (p *PN532) Traffic() Traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.traffic
	p.traffic = Traffic{}
	return t
}

// Serve talks to one host until the end of its line, and then returns nil. Only one Serve may run at a time.
func (p *PN532) Serve(rw io.ReadWriter) error {
	p.frames = make(chan frame, 16) // a host sends one command, and perhaps an ACK and the next one
	p.interrupt = nil
	done := make(chan struct{})
	defer close(done)

	// This goroutine reads ahead, so that a frame can interrupt a command that waits. It ends at the end of the line,
	// or with the first frame after Serve has returned.
	var readErr error
	go func(out chan<- frame) {
		defer close(out)
		readErr = newHostLine(p, rw).carry(out, done)
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

// ended turns the error of a line that the host or we closed into nil: that is how a line ends.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// nextFrame returns the frame that interrupted the last command, if one did, otherwise the next of the line.
func (p *PN532) nextFrame() (frame, bool) {
	if f := p.interrupt; f != nil {
		p.interrupt = nil
		return *f, true
	}
	f, ok := <-p.frames
	return f, ok
}

// react answers one frame. The error is that of the line.
func (p *PN532) react(w io.Writer, f frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()

	// A frame that was complete before the chip hung is lost as well.
	if p.hung() {
		return nil
	}
	p.asleep = p.asleep && !f.wakes
	if p.asleep || f.kind == frameACK { // an ACK aborts a command; here none is running
		return nil
	}

	if p.deafOnce {
		p.deafOnce = false
		return nil
	}

	p.clock = f.at
	var err error
	if f.kind == frameNACK {
		err = p.send(w, p.answer)
	} else {
		p.commands.Add(1)
		err = p.dialogue(w, f.data)
	}

	if errors.Is(err, errAborted) {
		return nil
	}
	return err
}

// dialogue answers one command and records it in the traffic.
func (p *PN532) dialogue(w io.Writer, command []byte) error {
	d := Dialogue{Began: time.Now()}
	if len(command) > 1 {
		d.Code = command[1]
	}

	p.given = 0
	err := p.converse(w, command, p.strike(command))

	d.Ended, d.Bytes = time.Now(), len(command)+frameOverhead+p.given
	if len(p.traffic.Dialogues) < trafficMax {
		p.traffic.Dialogues = append(p.traffic.Dialogues, d)
	}
	return err
}

// converse is the dialogue of UM0701-02 section 6.2.2, ACK and then answer, with at most one fault in it.
func (p *PN532) converse(w io.Writer, command []byte, fault Fault) error {
	// These end the dialogue before it has begun.
	switch fault.Kind {
	case HangBeforeACK:
		p.hang(fault.For)
		return nil
	case BrownOut:
		p.powerOn()
		return nil
	case AnswerNACK:
		return p.send(w, nackFrame)
	case InsteadOfACK:
		return p.send(w, slices.Clone(fault.Bytes))
	case HangAfterACK:
		p.hang(fault.For)
		return p.send(w, ackFrame)
	}

	if err := p.sendSpoilt(w, ackFrame, fault.onACK()); err != nil {
		return err
	}
	if fault.Kind == Slow || fault.Kind == DeafOnAbort {
		if err := p.pause(nil, time.After(fault.For)); err != nil {
			p.deafOnce = fault.Kind == DeafOnAbort
			return err
		}
	}

	answer := errorFrame
	if fault.Kind != ErrorFrame {
		data, err := p.execute(command)
		if errors.Is(err, errAborted) {
			return err
		}

		// Switched off and on, the field takes the tag out of HALT.
		if fault.Kind == Polls {
			p.carrier(false)
			p.carrier(true)
		}
		if err == nil {
			data = p.spoilData(command[1], data, fault)
			answer = encodeFrame(slices.Concat([]byte{tfiPN532, command[1] + 1}, data))
		}
	}

	// A NACK gets the sound answer, even if this one goes out spoilt.
	last := p.answer
	p.answer = answer
	if p.behind = fault.Kind == OneBehind; p.behind {
		answer = last
	}
	return p.sendSpoilt(w, answer, fault.onAnswer())
}

// pause gives p.mu up and waits for the first of these: a chip on the antenna, the time, a reset, or anything that the
// host sends. An ACK aborts the command, and so does a next command. The last two give errAborted.
func (p *PN532) pause(arrived <-chan struct{}, late <-chan time.Time) error {
	cut := p.cut
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		if now := time.Now(); p.clock.Before(now) { // the wait has taken its time already
			p.clock = now
		}
	}()

	// If several are ready any of them may win: to the host they happened at the same time.
	select {
	case <-arrived:
	case <-late:
	case <-cut:
		return errAborted
	case f, open := <-p.frames:
		if open {
			p.interrupt = &f
		}
		return errAborted
	}
	return nil
}
