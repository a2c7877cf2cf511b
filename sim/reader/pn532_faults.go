// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// FaultKind is a way in which a reader fails.
type FaultKind int

const (
	HangBeforeACK  FaultKind = iota + 1 // no ACK and no answer; the chip does nothing and hears nothing, for the time For
	HangAfterACK                        // the ACK, and then the same
	DropACK                             // the answer, but no ACK
	AnswerNACK                          // a NACK frame in place of the ACK; the command is not carried out
	GarbageBefore                       // bytes that are no frame before the ACK, and again before the answer
	GarbageInstead                      // the ACK, and bytes that are no frame in place of the answer
	BadChecksum                         // an answer whose DCS is wrong
	BadLength                           // an answer whose LCS is wrong
	Truncated                           // half an answer, and nothing more
	Dribble                             // ACK and answer byte by byte, with a pause of For before each
	Slow                                // the answer the time For after the ACK; a host that sends meanwhile aborts the command
	ErrorFrame                          // the syntax error frame in place of the answer; the command is not carried out
	NADBit                              // bit 7 of the status byte, for commands that answer one; libnfc 1.8.0 aborts its process
	EmptyATS                            // InListPassiveTarget finds an ISO-DEP chip with an ATS of length 0; libnfc 1.8.0 crashes
	BrownOut                            // no answer; the chip has lost its power for a moment and is as after Reset
)

// A Fault is something that breaks, once or several times, when the host gives a command.
type Fault struct {
	Kind  FaultKind
	On    byte          // the command's code (UM0701-02 section 7); 0 is any
	Skip  int           // so many of these commands go well first
	Times int           // how many are struck; 0 is one, -1 is all until Mend
	For   time.Duration // how long a hang lasts, 0 being until Mend or Reset; how long Dribble and Slow wait
}

// Break orders a fault. Faults that have been ordered already stay; of two that could strike one command, the older does.
func (p *PN532) Break(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	p.faults = append(p.faults, f)
}

// Mend takes back every fault and ends a hang. What the host sent meanwhile is lost.
func (p *PN532) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.hangs, p.hangsTill = nil, false, time.Time{}
}

// Broken is how many commands faults have struck since NewPN532.
func (p *PN532) Broken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.struck
}

// answersStatus are the commands whose answer begins with a status byte.
var answersStatus = []byte{0x40, 0x42, 0x44, 0x46, 0x4E, 0x50, 0x52, 0x54, 0x56}

func (f Fault) waitsFor(code byte) bool {
	switch {
	case f.On != 0 && f.On != code:
		return false
	case f.Kind == NADBit:
		return slices.Contains(answersStatus, code)
	}
	return true
}

// strike is the fault that this command meets, if any. EmptyATS waits for an answer with an ATS, see spoilData.
func (p *PN532) strike(command []byte) Fault {
	if len(command) < 2 {
		return Fault{}
	}
	return p.take(func(f Fault) bool { return f.Kind != EmptyATS && f.waitsFor(command[1]) })
}

func (p *PN532) take(match func(Fault) bool) (taken Fault) {
	for i := range p.faults {
		f := &p.faults[i]
		switch {
		case !match(*f) || f.Times == 0:
		case f.Skip > 0:
			f.Skip--
		case taken.Kind == 0:
			taken = *f
			if f.Times > 0 {
				f.Times--
			}
			p.struck++
		}
	}
	return taken
}

func (p *PN532) hung() bool { return p.hangs || time.Now().Before(p.hangsTill) }

func (p *PN532) hang(d time.Duration) {
	p.hangs = d == 0
	p.hangsTill = time.Now().Add(d)
}

// spoilData spoils what stands behind D5 and the command's code.
func (p *PN532) spoilData(code byte, data []byte, fault Fault) []byte {
	if fault.Kind == NADBit && len(data) > 0 {
		data[0] |= 0x80
	}
	lists := code == 0x4A && p.target != nil && p.target.ISODEP()
	if lists && p.take(func(f Fault) bool { return f.Kind == EmptyATS && f.waitsFor(code) }).Kind == EmptyATS {
		data = append(data[:len(data)-len(p.target.ATS)-1], 0x00)
	}
	return data
}

// onACK is what of the fault concerns the ACK.
func (f Fault) onACK() Fault {
	if f.Kind == DropACK || f.Kind == GarbageBefore || f.Kind == Dribble {
		return f
	}
	return Fault{}
}

// onAnswer is what of the fault concerns the answer.
func (f Fault) onAnswer() Fault {
	if f.Kind == DropACK {
		return Fault{}
	}
	return f
}

// sendSpoilt sends a frame as the fault lets it.
func (p *PN532) sendSpoilt(w io.Writer, frame []byte, fault Fault) error {
	frame = slices.Clone(frame)
	switch fault.Kind {
	case DropACK:
		return nil
	case GarbageBefore:
		frame = append(garbage(), frame...)
	case GarbageInstead:
		frame = garbage()
	case BadChecksum:
		frame[len(frame)-2] ^= 0x01
	case BadLength:
		frame[lcs(frame)] ^= 0x01
	case Truncated:
		frame = frame[:len(frame)/2]
	case Dribble:
		return p.dribble(w, frame, fault.For)
	}
	return p.send(w, frame)
}

// lcs is where a frame has its LCS.
func lcs(frame []byte) int {
	if frame[3] == 0xFF && frame[4] == 0xFF {
		return 7
	}
	return 4
}

// garbage has none of the bytes that begin a frame.
func garbage() []byte {
	bytes := make([]byte, 7)
	for i := range bytes {
		bytes[i] = byte(1 + rand.IntN(0xFE))
	}
	return bytes
}

func (p *PN532) dribble(w io.Writer, frame []byte, pause time.Duration) error {
	for i := range frame {
		cut := p.cut
		p.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-cut:
		}
		p.mu.Lock()
		if cut != p.cut {
			return errAborted
		}
		if err := p.send(w, frame[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}
