// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Times of the air at 106 kbit/s (sections of ISO/IEC 14443-3). The chips here compute in no time, and so does the
// PN532.
const (
	bitTime      = 9440 * time.Nanosecond // 128/fc
	frameDelay   = 91 * time.Microsecond  // 1236/fc, from one frame to the next (section 6.2.1.1)
	requestGuard = 516 * time.Microsecond // 7000/fc, from an unanswered request to the next (section 6.2.2)
	fieldGuard   = 5 * time.Millisecond   // from RF on to the first request (section 5)
	requestTime  = 9*bitTime + frameDelay // REQA: 7 bits, start and end
)

// blockFrame is what an ISO-DEP block has beside its information, in bytes: PCB and CRC_A.
const blockFrame = 3

// Timing makes the chip take the time that a real one takes at least. The default is none at all.
//
// With timing, a byte takes 86.8 µs on the line, both ways (115200 baud). In the air a byte takes 9 bits of 9.44 µs,
// and the next frame begins 91 µs after the last; answers to APDUs come in blocks of a FIFO of 64 bytes. The first
// request comes 5 ms after RF on, and each request that nobody answers takes 0.5 ms. InAutoPoll looks once a period.
//
// The legs add up: the air waits for the whole command, the line waits for the whole answer.
func (p *PN532) Timing(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timing = on
}

// spend adds work for which the answer waits.
func (p *PN532) spend(d time.Duration) { p.clock = p.clock.Add(d) }

// carrier switches the field, and notes since when it is on: a chip needs it for fieldGuard before it hears anything.
func (p *PN532) carrier(on bool) {
	switch {
	case !on:
		p.fieldOn = time.Time{}
	case p.fieldOn.IsZero():
		p.fieldOn = p.clock
	}
	p.field.RF(on)
}

// frameTime is the time of one frame and the delay after it. Without bytes there is only the delay.
func frameTime(bytes int) time.Duration {
	if bytes == 0 {
		return frameDelay
	}
	return time.Duration(9*bytes+2)*bitTime + frameDelay
}

// activationTime is the time of requests that nobody answers, and of the frames from the answered request to the ATS.
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

// exchangeTime is the time of a command and its answer, CRC_A included. ISO-DEP cuts both into blocks, and an R(ACK)
// acknowledges every block but the last.
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
