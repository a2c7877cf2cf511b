// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Times of the air at 106 kbit/s (ISO/IEC 14443-3). The chips here compute in no time, and so does the PN532.
const (
	bitTime      = 9440 * time.Nanosecond // 128/fc
	frameDelay   = 91 * time.Microsecond  // 1236/fc, from one frame to the next (section 6.2.1.1)
	requestGuard = 516 * time.Microsecond // 7000/fc, from one request without an answer to the next (section 6.2.2)
	fieldGuard   = 5 * time.Millisecond   // from RF on to the first request (section 5)
	requestTime  = 9*bitTime + frameDelay // REQA: 7 bits, start and end
	blockFrame   = 3                      // PCB and CRC_A of an ISO-DEP block
)

// Timing makes the chip take the time that a real one takes at least, or, which is the default, none: 86.8 µs a byte on
// the line both ways, at 115200 baud; on the air 9 bits of 9.44 µs a byte and 91 µs from frame to frame, answers to APDUs
// in blocks of a FIFO of 64 bytes; 5 ms from RF on to the first request; 0.5 ms for each request that nobody answers; InAutoPoll looks once a period. The
// legs add up: the air waits for the whole command, the line for the whole answer.
func (p *PN532) Timing(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timing = on
}

// spend is work that the answer waits for.
func (p *PN532) spend(d time.Duration) { p.clock = p.clock.Add(d) }

// carrier switches the field, which a chip needs for a while before it hears anything.
func (p *PN532) carrier(on bool) {
	switch {
	case !on:
		p.carries = time.Time{}
	case p.carries.IsZero():
		p.carries = p.clock
	}
	p.field.RF(on)
}

// frameTime is one frame and the delay after it; no bytes is none.
func frameTime(bytes int) time.Duration {
	if bytes == 0 {
		return frameDelay
	}
	return time.Duration(9*bytes+2)*bitTime + frameDelay
}

// activationTime is requests without an answer, and the frames from the one with an answer to the ATS.
func activationTime(t chip.Target, tries int, found, rats bool) time.Duration {
	if !found {
		return time.Duration(tries) * requestGuard
	}
	d := time.Duration(tries-1)*requestGuard + requestTime + frameTime(2)
	for range antenna.Cascade(t.UID) {
		d += frameTime(2) + frameTime(5) + frameTime(9) + frameTime(3) // SEL 20, its answer, SEL 70, SAK
	}
	if rats && t.ISODEP() {
		d += frameTime(4) + frameTime(3+len(t.ATS))
	}
	return d
}

// exchangeTime is a command and its answer, CRC_A included; ISO-DEP cuts both into blocks, each but the last
// acknowledged by R(ACK).
func exchangeTime(tx, rx int, isoDEP bool) time.Duration {
	if !isoDEP {
		return frameTime(tx+2) + frameTime(rx+2)
	}
	return blocksTime(tx) + blocksTime(rx)
}

func blocksTime(n int) (d time.Duration) {
	for ; n > antenna.InformationMax; n -= antenna.InformationMax {
		d += frameTime(antenna.FrameMax) + frameTime(blockFrame)
	}
	return d + frameTime(n+blockFrame)
}
