// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// FaultKind is a way in which a reader fails.
type FaultKind int

const (
	// HangBeforeACK gives no ACK and no answer. The chip does nothing and hears nothing, for the time For.
	HangBeforeACK FaultKind = iota + 1
	// HangAfterACK gives the ACK, and then hangs like HangBeforeACK.
	HangAfterACK
	// DropACK gives the answer, but no ACK.
	DropACK
	// AnswerNACK gives a NACK frame in place of the ACK, and does not carry the command out.
	AnswerNACK
	// GarbageBefore sends bytes that are no frame before the ACK, and again before the answer.
	GarbageBefore
	// GarbageInstead gives the ACK, and bytes that are no frame in place of the answer.
	GarbageInstead
	// BadChecksum gives an answer whose DCS is wrong.
	BadChecksum
	// BadLength gives an answer whose LCS is wrong.
	BadLength
	// Truncated gives half an answer, and nothing more.
	Truncated
	// Dribble gives ACK and answer byte by byte, with a pause of For before each byte.
	Dribble
	// Slow gives the answer the time For after the ACK. A host that sends meanwhile aborts the command.
	Slow
	// ErrorFrame gives the syntax error frame in place of the answer, and does not carry the command out.
	ErrorFrame
	// NADBit sets bit 7 of the status byte, for commands that answer one. libnfc 1.8.0 aborts its process on it.
	NADBit
	// EmptyATS makes InListPassiveTarget find an ISO-DEP chip with an ATS of length 0. libnfc 1.8.0 crashes on it.
	EmptyATS
	// InsteadOfACK gives Bytes in place of the ACK, and does not carry the command out.
	InsteadOfACK
	// InsteadOfAnswer carries the command out, and gives Bytes in place of its answer.
	InsteadOfAnswer
	// Polls is a reader that polls by itself, as some ACR122 may (recording deselect-relist-copy): after InDeselect and
	// InRelease the field goes off and on, and so the tag does not stay in HALT.
	Polls
	// BrownOut gives no answer: the chip has lost its power for a moment, and is as after Reset.
	BrownOut
	// LongPreamble gives an answer whose preamble is three zeros in place of one.
	LongPreamble
	// OneBehind gives the answer of the command before, and so on for every command from here on, until Mend or Reset.
	OneBehind
	// DeafOnAbort is Slow, and the command with which the host aborts it, or the next one after an ACK, is lost.
	DeafOnAbort
)

// A Fault is something that breaks, once or several times, when the host gives a command.
type Fault struct {
	Kind  FaultKind
	On    byte          // the command's code (UM0701-02 section 7); 0 means any
	Skip  int           // how many of these commands go well first
	Times int           // how many of them meet the fault; 0 means one, -1 means all until Mend
	For   time.Duration // how long a hang lasts (0: until Mend or Reset), and how long Dribble and Slow wait
	Bytes []byte        // what InsteadOfACK and InsteadOfAnswer give
	With  []byte        // what the command's parameters begin with; nil means anything
}

// Break orders a fault. Faults that were ordered before stay; if two could meet one command, the older one does.
func (p *PN532) Break(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	p.faults = append(p.faults, f)
}

// Mend takes back every fault and ends a hang. What the host sent during the hang is lost.
func (p *PN532) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.hangs, p.hangsTill = nil, false, time.Time{}
	p.behind, p.deafOnce = false, false
}

// Broken returns how many commands have met a fault since NewPN532.
func (p *PN532) Broken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.struck
}

// answersStatus are the commands whose answer begins with a status byte.
var answersStatus = []byte{0x40, 0x42, 0x44, 0x46, 0x4E, 0x50, 0x52, 0x54, 0x56}

// waitsFor reports whether a command with this code can meet the fault.
func (f Fault) waitsFor(code byte) bool {
	switch {
	case f.On != 0 && f.On != code:
		return false
	case f.Kind == NADBit:
		return slices.Contains(answersStatus, code)
	case f.Kind == Polls:
		return code == 0x44 || code == 0x52
	}
	return true
}

// strike returns the fault that this command meets, if any. EmptyATS waits for an answer with an ATS, see spoilData.
func (p *PN532) strike(command []byte) Fault {
	if p.behind {
		return Fault{Kind: OneBehind}
	}
	if len(command) < 2 {
		return Fault{}
	}
	return p.take(func(f Fault) bool {
		return f.Kind != EmptyATS && f.waitsFor(command[1]) && bytes.HasPrefix(command[2:], f.With)
	})
}

// take uses up the oldest fault that matches. Those that still skip count this command, too, whether it is taken or
// not.
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

// hang makes the chip hang for a while, or for ever if d is 0.
func (p *PN532) hang(d time.Duration) {
	p.hangs = d == 0
	p.hangsTill = time.Now().Add(d)
}

// spoilData applies the faults of what stands behind D5 and the command's code.
func (p *PN532) spoilData(code byte, data []byte, fault Fault) []byte {
	if fault.Kind == NADBit && len(data) > 0 {
		data[0] |= 0x80
	}

	// Only an answer that holds an ATS uses an EmptyATS up.
	lists := code == 0x4A && p.target != nil && p.target.ISODEP()
	if lists && p.take(func(f Fault) bool { return f.Kind == EmptyATS && f.waitsFor(code) }).Kind == EmptyATS {
		data = append(data[:len(data)-len(p.target.ATS)-1], 0x00)
	}
	return data
}

// onACK is the part of the fault that concerns the ACK.
func (f Fault) onACK() Fault {
	if f.Kind == DropACK || f.Kind == GarbageBefore || f.Kind == Dribble {
		return f
	}
	return Fault{}
}

// onAnswer is the part of the fault that concerns the answer.
func (f Fault) onAnswer() Fault {
	if f.Kind == DropACK {
		return Fault{}
	}
	return f
}

// sendSpoilt sends a frame in the way that the fault leaves open.
func (p *PN532) sendSpoilt(w io.Writer, frame []byte, fault Fault) error {
	frame = slices.Clone(frame)
	switch fault.Kind {
	case DropACK:
		return nil
	case GarbageBefore:
		frame = append(garbage(), frame...)
	case GarbageInstead:
		frame = garbage()
	case InsteadOfAnswer:
		frame = slices.Clone(fault.Bytes)
	case LongPreamble:
		frame = append([]byte{0x00, 0x00}, frame...)
	case BadChecksum:
		frame[len(frame)-2] ^= 0x01
	case BadLength:
		frame[indexLCS(frame)] ^= 0x01
	case Truncated:
		frame = frame[:len(frame)/2]
	case Dribble:
		return p.dribble(w, frame, fault.For)
	}
	return p.send(w, frame)
}

// indexLCS returns where a frame has its LCS: behind LEN, or in an extended frame behind LENM and LENL.
func indexLCS(frame []byte) int {
	if frame[3] == 0xFF && frame[4] == 0xFF {
		return 7
	}
	return 4
}

// garbage returns 7 random bytes without 00 and FF, so that no frame can begin in them.
func garbage() []byte {
	noise := make([]byte, 7)
	for i := range noise {
		noise[i] = byte(1 + rand.IntN(0xFE))
	}
	return noise
}

func (p *PN532) dribble(w io.Writer, frame []byte, pause time.Duration) error {
	for i := range frame {
		cut := p.cut
		p.mu.Unlock()

		// A reset ends the pause; what the host sends does not.
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
