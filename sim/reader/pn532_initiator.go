// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
)

// Target types of InAutoPoll (7.3.13).
const (
	pollGeneric106 = 0x00
	pollMIFARE     = 0x10
	pollISODEP     = 0x20
)

// forever is the limit of a poll that only a tag or the host ends.
const forever time.Duration = -1

// pollLimit is how long an activation goes on trying: for ever, or not at all beyond its retries.
func (p *PN532) pollLimit() time.Duration {
	if p.retries == infiniteRetry {
		return forever
	}
	return 0
}

// poll calls find until it finds a tag, the limit has passed, or pause ends the wait. It looks again when a chip comes.
func (p *PN532) poll(limit time.Duration, find func() bool) (found bool, err error) {
	var late <-chan time.Time
	deadline := time.Now().Add(limit)
	if limit > 0 {
		late = time.After(limit)
	}

	for {
		// The channel comes first: a chip that arrives while find looks must not be missed.
		arrived := p.field.Arrived()
		if found := find(); found || limit == 0 || late != nil && !time.Now().Before(deadline) {
			return found, nil
		}
		if err := p.pause(arrived, late); err != nil {
			return false, err
		}
	}
}

// pollEvery is poll as a chip with Timing does it: it looks once a period, and not at once when a chip comes. A real
// PN532 may take a period for each of the types that it looks for.
func (p *PN532) pollEvery(period, limit time.Duration, find func() bool) (found bool, err error) {
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

// nothing is the find of a poll for what no chip here is.
func nothing() bool { return false }

// list activates a type A target and makes it Tg 1. With a UID the chip wakes what is in HALT, too (recordings
// deselect-relist-by-uid and discovery-answered).
func (p *PN532) list(uid []byte, rats bool) bool {
	tries := int(p.retries) + 1
	if p.retries == infiniteRetry {
		tries = antenna.SelectTries // after these nothing changes until a chip comes
	}

	command := byte(antenna.REQA)
	if uid != nil {
		command = antenna.WUPA
	}
	return p.activate(antenna.Request{Command: command, Tries: tries, UID: uid, RATS: rats})
}

// activate makes the chip that answers the request Tg 1; without an answer nothing is listed.
func (p *PN532) activate(r antenna.Request) bool {
	target, tries, found := p.field.Find(r)
	if ready := p.fieldOn.Add(fieldGuard); p.clock.Before(ready) {
		p.clock = ready
	}
	p.spend(activationTime(target, tries, found, r.RATS))

	p.target = nil
	if !found {
		return false
	}

	if !r.RATS {
		target.ATS = nil
	}
	p.target = &target

	// The activation leaves the CIU at type A, 106 kbit/s, whatever the host had set.
	p.registers[regTxMode], p.registers[regRxMode] = modeTypeA106, modeTypeA106
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

	found, err := p.poll(p.pollLimit(), find)
	if err != nil || !found {
		return []byte{0x00}, err
	}
	return append([]byte{0x01}, p.targetData()...), nil
}

// withoutCascadeTags removes the 88 from a UID of two or three cascade levels. Without data it returns nil: any UID.
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

	var kind byte // the type that was found
	look := func() bool {
		for _, kind = range types {
			if p.listKind(kind) {
				return true
			}
		}
		return false
	}

	found, err := p.pollEvery(pollPeriodUnit*time.Duration(period), limit, look)
	if err != nil || !found {
		return []byte{0x00}, err
	}

	// The answer names what the generic type turned out to be.
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

// inSelect is 7.3.12. It wakes the listed chip by WUPA, since a deselected chip does not hear a REQA.
func (p *PN532) inSelect([]byte) ([]byte, error) {
	if p.target == nil {
		return []byte{statusContext}, nil
	}

	listed := p.target
	wake := antenna.Request{Command: antenna.WUPA, Tries: 1, UID: listed.UID, RATS: listed.ISODEP()}
	if !p.activate(wake) {
		p.target = listed // it stays listed
		return []byte{statusTimeout}, nil
	}
	return []byte{statusOK}, nil
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

// inPSL is 7.3.7. Speeds have no effect here, so it accepts any.
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
	_, err := p.poll(p.pollLimit(), nothing)
	return []byte{statusTimeout}, err
}
