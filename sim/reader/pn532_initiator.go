// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"slices"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Status bytes (UM0701-02 section 7.1). Bits 7 and 6 are never set: libnfc aborts its process on bit 7.
const (
	statusOK        = 0x00
	statusTimeout   = 0x01 // the target has not answered
	statusCRC       = 0x02
	statusCollision = 0x06
	statusOverflow  = 0x09 // more than the FIFO's 64 bytes
	statusFormat    = 0x13 // an answer not of the specification, such as a NAK
	statusAuth      = 0x14 // MIFARE Classic authentication
	statusContext   = 0x27 // command not acceptable now
)

// Target types of InAutoPoll (7.3.13).
const (
	pollGeneric106 = 0x00
	pollMIFARE     = 0x10
	pollISODEP     = 0x20
)

// forever is a poll that only a tag or the host ends.
const forever time.Duration = -1

// patience is how long an activation tries.
func (p *PN532) patience() time.Duration {
	if p.retries == infiniteRetry {
		return forever
	}
	return 0
}

// poll looks for a tag until it finds one, the limit has passed, or there is no more waiting, see pause.
func (p *PN532) poll(limit time.Duration, find func() bool) (found bool, err error) {
	var late <-chan time.Time
	deadline := time.Now().Add(limit)
	if limit > 0 {
		late = time.After(limit)
	}
	for {
		arrived := p.field.Arrived()
		if found := find(); found || limit == 0 || late != nil && !time.Now().Before(deadline) {
			return found, nil
		}
		if err := p.pause(arrived, late); err != nil {
			return false, err
		}
	}
}

// pollEach is poll with looks a period apart, and not at once when a chip comes: with timing. A real chip may take a
// period for each of the types.
func (p *PN532) pollEach(period, limit time.Duration, find func() bool) (found bool, err error) {
	if !p.timing {
		return p.poll(limit, find)
	}
	for began := time.Now(); ; {
		if found := find(); found || limit != forever && time.Since(began) >= limit {
			return found, nil
		}
		if err := p.pause(nil, time.After(period)); err != nil {
			return false, err
		}
	}
}

func nothing() bool { return false }

// list activates a type A target and makes it Tg 1. The activation sets the CIU to type A at 106 kbit/s.
func (p *PN532) list(uid []byte, rats bool) bool {
	tries := int(p.retries) + 1
	if p.retries == infiniteRetry {
		tries = antenna.SelectTries // after which nothing changes until a chip comes
	}
	return p.activate(antenna.Call{Command: antenna.REQA, Tries: tries, UID: uid, RATS: rats})
}

func (p *PN532) activate(c antenna.Call) bool {
	target, tries, found := p.field.Find(c)
	if ready := p.carries.Add(fieldGuard); p.clock.Before(ready) {
		p.clock = ready
	}
	p.spend(activationTime(target, tries, found, c.RATS))
	p.target = nil
	if !found {
		return false
	}
	if !c.RATS {
		target.ATS = nil
	}
	p.registers[regTxMode], p.registers[regRxMode] = modeTypeA106, modeTypeA106
	p.target = &target
	return true
}

func (p *PN532) autoRATS() bool { return p.parameters&paramAutoRATS != 0 }

// targetData is TargetData of 7.3.5: Tg, SENS_RES, SEL_RES, NFCIDLength, NFCID1, and the ATS with its length.
func (p *PN532) targetData() []byte {
	t := p.target
	data := []byte{0x01, t.ATQA[0], t.ATQA[1], t.SAK, byte(len(t.UID))}
	data = append(data, t.UID...)
	if t.ISODEP() {
		data = append(append(data, byte(1+len(t.ATS))), t.ATS...)
	}
	return data
}

// inListPassiveTarget is 7.3.5: MaxTg, BrTy, and for type A the UID to look for, cascade tags included.
func (p *PN532) inListPassiveTarget(args []byte) ([]byte, error) {
	p.carrier(true)
	uid := withoutCascadeTags(args[2:])
	find := func() bool { return p.list(uid, p.autoRATS()) }
	if args[1] != 0x00 { // not 106 kbit/s type A
		p.target = nil
		find = nothing
	}
	found, err := p.poll(p.patience(), find)
	if err != nil || !found {
		return []byte{0x00}, err
	}
	return append([]byte{0x01}, p.targetData()...), nil
}

// withoutCascadeTags takes the 88 out of a UID of two or three cascade levels. No data is any UID.
func withoutCascadeTags(data []byte) (uid []byte) {
	for level := range slices.Chunk(data, 4) {
		if len(data) > 4 && len(level) == 4 && level[0] == 0x88 {
			level = level[1:]
		}
		uid = append(uid, level...)
	}
	return uid
}

// inAutoPoll is 7.3.13: PollNr, Period, types.
func (p *PN532) inAutoPoll(args []byte) ([]byte, error) {
	rounds, period, types := args[0], args[1], args[2:]
	limit := pollPeriodUnit * time.Duration(rounds) * time.Duration(period) * time.Duration(len(types))
	if rounds == infiniteRetry {
		limit = forever
	}
	p.carrier(true)
	var kind byte
	look := func() bool {
		for _, kind = range types {
			if p.listKind(kind) {
				return true
			}
		}
		return false
	}
	found, err := p.pollEach(pollPeriodUnit*time.Duration(period), limit, look)
	if err != nil || !found {
		return []byte{0x00}, err
	}
	if kind == pollGeneric106 {
		kind = pollMIFARE
		if p.target.ISODEP() {
			kind = pollISODEP
		}
	}
	data := p.targetData()
	return append([]byte{0x01, kind, byte(len(data))}, data...), nil
}

func (p *PN532) listKind(kind byte) bool {
	switch kind {
	case pollGeneric106:
		return p.list(nil, p.autoRATS())
	case pollMIFARE:
		return p.list(nil, false)
	case pollISODEP:
		return p.list(nil, true) && p.target.ISODEP()
	}
	return false
}

// inDataExchange is 7.3.8: an APDU to an ISO-DEP target, else one of the MIFARE commands.
func (p *PN532) inDataExchange(args []byte) ([]byte, error) {
	tg, data := args[0], args[1:]
	if p.target == nil || tg != 0x01 {
		return []byte{statusContext}, nil
	}
	if !p.target.ISODEP() {
		switch data[0] {
		case 0x30, 0xA2: // READ, WRITE of a Type 2 tag
		case 0x60, 0x61: // authentication with key A or B: the chip goes to HALT
			p.field.Deselect()
			return []byte{statusAuth}, nil
		default:
			return []byte{statusContext}, nil
		}
	}
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

// inCommunicateThru is 7.3.9: one frame as it is, with what the CIU's registers say of CRC and bits.
func (p *PN532) inCommunicateThru(tx []byte) ([]byte, error) {
	txMode, rxMode := p.registers[regTxMode], p.registers[regRxMode]
	if txMode&^modeCRC != 0 || p.registers[regManualRCV]&parityDisable != 0 {
		return []byte{statusTimeout}, nil // type B, another speed or a parity of one's own: no chip here understands
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
		if !ok || rxBits != 0 { // a 4-bit NAK, too, has no CRC
			return []byte{statusCRC}, nil
		}
		rx = body
	}
	return append([]byte{statusOK}, rx...), nil
}

// inDeselect is 7.3.10. Tg stays listed, for InSelect.
func (p *PN532) inDeselect([]byte) ([]byte, error) {
	p.field.Deselect()
	return []byte{statusOK}, nil
}

// inRelease is 7.3.11.
func (p *PN532) inRelease([]byte) ([]byte, error) {
	p.field.Deselect()
	p.target = nil
	return []byte{statusOK}, nil
}

// inSelect is 7.3.12.
func (p *PN532) inSelect([]byte) ([]byte, error) {
	if p.target == nil {
		return []byte{statusContext}, nil
	}
	listed := p.target
	if !p.activate(antenna.Call{Command: antenna.WUPA, Tries: 1, UID: listed.UID, RATS: listed.ISODEP()}) {
		p.target = listed
		return []byte{statusTimeout}, nil
	}
	return []byte{statusOK}, nil
}

// inPSL is 7.3.7. Nothing here has a speed, so any is taken.
func (p *PN532) inPSL([]byte) ([]byte, error) {
	if p.target == nil {
		return []byte{statusContext}, nil
	}
	return []byte{statusOK}, nil
}

// inATR is 7.3.6: no target here speaks NFC-DEP.
func (p *PN532) inATR([]byte) ([]byte, error) {
	if p.target == nil {
		return []byte{statusContext}, nil
	}
	return []byte{statusTimeout}, nil
}

// inJump is 7.3.3 and 7.3.4, InJumpForDEP and InJumpForPSL: there is no peer to find.
func (p *PN532) inJump([]byte) ([]byte, error) {
	p.carrier(true)
	p.target = nil
	_, err := p.poll(p.patience(), nothing)
	return []byte{statusTimeout}, err
}
