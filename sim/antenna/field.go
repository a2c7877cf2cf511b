// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"bytes"
	"errors"
	"slices"
	"sync"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// ErrCollision means that two chips answered at once, and not with the same bytes.
var ErrCollision = errors.New("two chips answered")

// Field is an antenna and what lies on it. A chip has power while the RF field is on, and can be spoken to after
// Select.
type Field struct {
	mu      sync.Mutex // guards all of the below, and the radios
	rf      bool
	tags    []*radio
	chosen  *radio        // by the last activation; nil if that found none, or the chip has left
	missed  int           // searches, with RF on, that found no chip
	wakes   bool          // the reader's looks wake chips in HALT
	leaving int           // counts down to the exchange at which everything leaves; 0 means never
	arrival chan struct{} // closed, and made again, at each Put
}

// NewField makes an empty antenna whose RF field is off.
func NewField() *Field { return &Field{arrival: make(chan struct{})} }

// Put lays chips on the antenna, in place of what lay there before.
func (f *Field) Put(chips ...chip.Chip) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift(func(*radio) bool { return true })
	f.lay(chips)
}

// Add lays one more chip on the antenna.
func (f *Field) Add(c chip.Chip) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lay([]chip.Chip{c})
}

func (f *Field) lay(chips []chip.Chip) {
	for _, c := range chips {
		tag := &radio{chip: c}
		if f.rf {
			tag.power(true)
		}
		f.tags = append(f.tags, tag)
	}

	// A reader that waits for a chip looks again now.
	close(f.arrival)
	f.arrival = make(chan struct{})
}

// Take takes one chip away; the others stay as they are.
func (f *Field) Take(c chip.Chip) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift(func(tag *radio) bool { return tag.chip == c })
}

// Remove takes away everything that lies on the antenna.
func (f *Field) Remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift(func(*radio) bool { return true })
}

// LeaveAfter takes everything away right before the exchange that follows the next n: 0 means before the next exchange,
// a negative n means never.
//
// An exchange is an attempt to select while something lies in the RF field, an APDU with all its blocks, a Type 2
// command, or one frame of InCommunicateThru to a selected chip.
func (f *Field) LeaveAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaving = max(n+1, 0)
}

// exchange counts towards LeaveAfter.
func (f *Field) exchange() {
	if f.leaving == 0 || len(f.tags) == 0 || !f.rf {
		return
	}

	if f.leaving--; f.leaving == 0 {
		f.lift(func(*radio) bool { return true })
	}
}

// lift takes away the chips for which which is true. A chip that leaves the field loses its power.
func (f *Field) lift(which func(*radio) bool) {
	f.tags = slices.DeleteFunc(f.tags, func(tag *radio) bool {
		gone := which(tag)
		if gone && f.rf {
			tag.power(false)
		}
		if gone && tag == f.chosen {
			f.chosen = nil
		}
		return gone
	})
}

// RF switches the field. Off takes the power from the chips.
func (f *Field) RF(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rf == on {
		return
	}

	// Power comes or goes: either way every chip begins in IDLE, and none is selected.
	f.rf, f.chosen = on, nil
	for _, tag := range f.tags {
		tag.power(on)
	}
}

// A Request is what a reader sends to activate a chip.
type Request struct {
	Command byte   // REQA or WUPA
	Tries   int    // how often it is sent until a chip answers
	UID     []byte // of the chip that is wanted; nil takes any
	RATS    bool   // go on to ISO-DEP if the chip speaks it
}

// SelectTries is how often Select tries. libnfc's finite select sets MxRtyPassiveActivation to 2, which makes 3.
const SelectTries = 3

// Select activates a chip, up to ISO-DEP if it speaks that, as libnfc's finite select does: by REQA, three times.
// Without RF it finds nothing.
func (f *Field) Select() (chip.Target, bool) {
	target, _, found := f.Find(Request{Command: REQA, Tries: SelectTries, RATS: true})
	return target, found
}

// WakesHalted makes a reader whose looks wake chips in HALT, too, as some ACR122U and copies of the PN532 do
// (libnfc#476: a chip that was deselected answers the next InListPassiveTarget). A chip in ISO-DEP stays silent to it.
func (f *Field) WakesHalted(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wakes = on
}

// Find activates a chip and returns how many tries it took.
func (f *Field) Find(r Request) (t chip.Target, tries int, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchange()

	f.chosen = nil
	if !f.rf {
		return chip.Target{}, r.Tries, false
	}
	if f.wakes {
		r.Command = WUPA
	}

	// A chip that was in READY or ACTIVE only falls back at the first request, and answers the second.
	for try := range r.Tries {
		if tag := f.resolve(r); tag != nil {
			tag.choose(r.RATS)
			f.chosen = tag
			return tag.target, try + 1, true
		}
	}

	f.missed++
	return chip.Target{}, r.Tries, false
}

// resolve sends one request and runs the anticollision loop (ISO/IEC 14443-3 section 6.5.3). Where the bits of two UIDs
// differ the reader goes on with 1. A chip that hears another's UID falls back.
func (f *Field) resolve(r Request) (winner *radio) {
	var ready []*radio
	for _, tag := range f.tags {
		if tag.request(r.Command) {
			ready = append(ready, tag)
		}
	}

	// This is where the loop ends up, without its steps: the UIDs compare in the order in which the air carries their
	// bits.
	for _, tag := range ready {
		wanted := r.UID == nil || bytes.Equal(r.UID, tag.target.UID)
		if wanted && (winner == nil || bytes.Compare(tag.bits(), winner.bits()) > 0) {
			winner = tag
		}
	}

	for _, tag := range ready {
		if tag != winner {
			tag.fallBack()
		}
	}
	return winner
}

// Transceive speaks to the selected chip: an APDU to an ISO-DEP chip, otherwise a Type 2 command. Another chip that is
// still in ISO-DEP takes an APDU for its own.
func (f *Field) Transceive(tx []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchange()

	if f.chosen == nil {
		return nil, chip.ErrMute
	}
	return f.askAll(f.chosen.state, func(tag *radio) ([]byte, error) { return tag.exchange(tx) })
}

// askAll asks every chip in a state. Equal answers reach the reader as one; two different ones are a collision.
func (f *Field) askAll(state radioState, ask func(*radio) ([]byte, error)) (rx []byte, err error) {
	err = chip.ErrMute
	for _, tag := range f.tags {
		if tag.state != state {
			continue
		}

		answer, failed := ask(tag)
		switch {
		case errors.Is(failed, chip.ErrMute):
		case errors.Is(err, chip.ErrMute):
			rx, err = answer, failed
		case !bytes.Equal(rx, answer) || err != failed:
			rx, err = nil, ErrCollision
		}
	}
	return rx, err
}

// Frame sends one frame through the air and returns what comes back. A frame of a whole number of bytes carries its
// CRC_A; if its last byte has fewer than 8 bits, txBits says how many, and rxBits says the same of the answer.
func (f *Field) Frame(tx []byte, txBits int) (rx []byte, rxBits int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.rf {
		return nil, 0, chip.ErrMute
	}
	if slices.ContainsFunc(f.tags, (*radio).selected) && txBits == 0 {
		f.exchange()
	}

	// All chips hear the frame, whatever their state: each of them decides for itself whether it is meant.
	err = chip.ErrMute
	for _, tag := range f.tags {
		answer, bits, failed := tag.frame(tx, txBits)
		switch {
		case failed != nil:
		case err != nil && !errors.Is(err, ErrCollision):
			rx, rxBits, err = answer, bits, nil
		case !bytes.Equal(rx, answer) || rxBits != bits:
			rx, rxBits, err = nil, 0, ErrCollision
		}
	}
	return rx, rxBits, err
}

// Present reports whether the chip that was selected is still there, and still selected.
func (f *Field) Present() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chosen != nil && f.chosen.selected()
}

// Deselect ends the dialogue with the selected chip by S(DESELECT) or HLTA. The chip then stays silent until it loses
// its power, or a WUPA wakes it. Another chip in the same state takes the command for its own.
func (f *Field) Deselect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.chosen == nil || !f.chosen.selected() {
		return
	}

	// The command has no address: every chip in the same state hears it.
	state := f.chosen.state
	for _, tag := range f.tags {
		if tag.state == state {
			tag.state = stateHalt
		}
	}
}

// Arrived returns a channel that is closed when the next chip comes.
func (f *Field) Arrived() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.arrival
}
