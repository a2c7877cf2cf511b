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
	errAborted = errors.New("command aborted by the host, or by a reset")
)

// PN532 is the reader chip as its host sees it over the HSU (NXP UM0701-02 section 7): frames in, ACK and answer out,
// one command at a time, state that outlives its host. It keeps the rules until a test breaks it (Break).
type PN532 struct {
	field    *antenna.Field
	commands atomic.Int64

	mu        sync.Mutex    // held by the Serve that runs, but not while it waits or writes
	cut       chan struct{} // closed by the next power-on
	resets    int
	faults    []Fault
	struck    int
	hangs     bool      // until Mend or Reset, or
	hangsTill time.Time // until then
	timing    bool
	traffic   Traffic
	given     int       // bytes to the host in this dialogue
	clock     time.Time // with timing: when what has been done so far is done
	carries   time.Time // with timing: since when the field is on; zero: off

	answer     []byte // the last one, for NACK
	asleep     bool   // until a wake-up preamble
	parameters byte   // SetParameters
	retries    byte   // MxRtyPassiveActivation
	registers  map[uint16]byte
	target     *chip.Target // Tg 1; nil: nothing listed

	// What follows belongs to the Serve that runs.
	frames    chan frame
	interrupt *frame // came while a command waited for a tag
}

// NewPN532 makes a chip that has just been powered: asleep, with the values of UM0701-02.
func NewPN532(f *antenna.Field) *PN532 {
	p := &PN532{field: f, cut: make(chan struct{})}
	p.powerOn()
	return p
}

// powerOn is the state after power-on and after RSTPDN (UM0701-02 section 6.1): field off, nothing listed, asleep.
func (p *PN532) powerOn() {
	close(p.cut)
	p.cut = make(chan struct{})
	p.carrier(false)
	p.hangs, p.hangsTill = false, time.Time{}
	p.answer, p.target = nil, nil
	p.asleep = true
	p.parameters = paramAutoRATS
	p.retries = infiniteRetry
	p.registers = map[uint16]byte{regTxMode: modeTypeA106, regRxMode: modeTypeA106}
}

// Reset is a pulse of the reset line RSTPDN: the chip drops what it does, ends any hang, and is as it was when it was
// powered. What Break has ordered stays ordered.
func (p *PN532) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.powerOn()
	p.resets++
}

// Commands is how many commands hosts have given so far.
func (p *PN532) Commands() int { return int(p.commands.Load()) }

// Traffic is what has passed between hosts and the chip.
type Traffic struct {
	Dialogues []Dialogue
	Late      []time.Duration // with Timing: how long after its time each frame to the host went out
}

// A Dialogue is one command with its ACK and its answer.
type Dialogue struct {
	Code         byte
	Began, Ended time.Time // the command was heard, the answer was given
	Bytes        int       // of its frames, both ways
}

// Traffic is what has passed since the last time that it was asked for, or the first 65,536 of that.
func (p *PN532) Traffic() Traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.traffic
	p.traffic = Traffic{}
	return t
}

// Serve talks to one host until its end of file. One Serve runs at a time.
func (p *PN532) Serve(rw io.ReadWriter) error {
	p.frames = make(chan frame, 16)
	p.interrupt = nil
	done := make(chan struct{})
	defer close(done)
	var readErr error
	go func(out chan<- frame) {
		defer close(out)
		readErr = newLine(p, rw).carry(out, done)
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

func (p *PN532) react(w io.Writer, f frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hung() {
		return nil
	}
	p.asleep = p.asleep && !f.wakes
	if p.asleep || f.kind == frameACK {
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

// dialogue converses, and keeps account of it.
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

// converse is the dialogue of UM0701-02 section 6.2.2, with one fault in it.
func (p *PN532) converse(w io.Writer, command []byte, fault Fault) error {
	switch fault.Kind {
	case HangBeforeACK:
		p.hang(fault.For)
		return nil
	case BrownOut:
		p.powerOn()
		return nil
	case AnswerNACK:
		return p.send(w, nackFrame)
	case HangAfterACK:
		p.hang(fault.For)
		return p.send(w, ackFrame)
	}
	if err := p.sendSpoilt(w, ackFrame, fault.onACK()); err != nil {
		return err
	}
	if fault.Kind == Slow {
		if err := p.pause(nil, time.After(fault.For)); err != nil {
			return err
		}
	}
	answer := errorFrame
	if fault.Kind != ErrorFrame {
		data, err := p.execute(command)
		if errors.Is(err, errAborted) {
			return err
		}
		if err == nil {
			data = p.spoilData(command[1], data, fault)
			answer = encodeFrame(slices.Concat([]byte{tfiPN532, command[1] + 1}, data))
		}
	}
	p.answer = answer
	return p.sendSpoilt(w, answer, fault.onAnswer())
}

// pause waits for what comes first: a chip on the antenna, the time, or the end of all waiting, which is that the host
// sends anything (an ACK, which aborts, or a next command, which aborts as well) or a reset.
func (p *PN532) pause(arrived <-chan struct{}, late <-chan time.Time) error {
	cut := p.cut
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		if now := time.Now(); p.clock.Before(now) {
			p.clock = now
		}
	}()
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
