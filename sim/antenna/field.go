// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"bytes"
	"errors"
	"slices"
	"sync"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// errCollision is two chips that answer at once, and not the same.
var ErrCollision = errors.New("two chips answered")

// Field is an antenna and what lies on it. A chip has power while the RF field is on, and is spoken to after Select.
// Every chip hears every frame; the rules of ISO/IEC 14443-3 section 6.3 say which of them answers.
type Field struct {
	mu      sync.Mutex
	rf      bool
	tags    []*picc
	chosen  *picc         // by the last activation; nil: none
	leaving int           // at so many exchanges from now everything is taken away; 0: never
	arrival chan struct{} // closed at the next Put
}

// NewField makes an empty antenna whose RF field is off.
func NewField() *Field { return &Field{arrival: make(chan struct{})} }

// Put lays chips on the antenna. What lay there before is gone.
func (f *Field) Put(chips ...chip.Chip) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift(func(*picc) bool { return true })
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
		tag := &picc{chip: c}
		if f.rf {
			tag.power(true)
		}
		f.tags = append(f.tags, tag)
	}
	close(f.arrival)
	f.arrival = make(chan struct{})
}

// Take takes one chip away; the others stay as they are.
func (f *Field) Take(c chip.Chip) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift(func(tag *picc) bool { return tag.chip == c })
}

// Remove takes away what lies on the antenna.
func (f *Field) Remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift(func(*picc) bool { return true })
}

// LeaveAfter takes away everything right before the exchange that follows the next n; 0 is before the next one, less
// than 0 is never. An exchange is a try to select while something lies in the RF field, an APDU with all its blocks, a
// Type 2 command, or one frame by InCommunicateThru to a selected chip.
func (f *Field) LeaveAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaving = max(n+1, 0)
}

func (f *Field) exchange() {
	if f.leaving == 0 || len(f.tags) == 0 || !f.rf {
		return
	}
	if f.leaving--; f.leaving == 0 {
		f.lift(func(*picc) bool { return true })
	}
}

func (f *Field) lift(which func(*picc) bool) {
	f.tags = slices.DeleteFunc(f.tags, func(tag *picc) bool {
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
	f.rf, f.chosen = on, nil
	for _, tag := range f.tags {
		tag.power(on)
	}
}

// A Call is what a reader sends to activate a chip.
type Call struct {
	Command byte   // REQA or WUPA
	Tries   int    // until a chip answers
	UID     []byte // of the chip wanted; nil is any
	RATS    bool   // go on to ISO-DEP if the chip has that
}

// selectTries are those of libnfc's finite select, which sets MxRtyPassiveActivation to 2.
const SelectTries = 3

// Select activates a chip, up to ISO-DEP if it has that, as libnfc's finite select does: by REQA, three times. Without RF
// nothing is found.
func (f *Field) Select() (chip.Target, bool) {
	target, _, found := f.Find(Call{Command: REQA, Tries: SelectTries, RATS: true})
	return target, found
}

// Find activates a chip and tells how many tries it took.
func (f *Field) Find(c Call) (t chip.Target, tries int, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchange()
	f.chosen = nil
	if !f.rf {
		return chip.Target{}, c.Tries, false
	}
	for try := range c.Tries {
		if tag := f.resolve(c); tag != nil {
			tag.choose(c.RATS)
			f.chosen = tag
			return tag.target, try + 1, true
		}
	}
	return chip.Target{}, c.Tries, false
}

// resolve is a request and the anticollision loop (ISO/IEC 14443-3 section 6.5.3). Where the bits of two UIDs differ the
// reader goes on with 1; a chip that hears another's UID falls back.
func (f *Field) resolve(c Call) (winner *picc) {
	var ready []*picc
	for _, tag := range f.tags {
		if tag.request(c.Command) {
			ready = append(ready, tag)
		}
	}
	for _, tag := range ready {
		wanted := c.UID == nil || bytes.Equal(c.UID, tag.target.UID)
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

// Transceive speaks to the selected chip: an APDU to an ISO-DEP chip, else a Type 2 command. Another chip that is still
// in ISO-DEP takes an APDU for its own.
func (f *Field) Transceive(tx []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exchange()
	if f.chosen == nil {
		return nil, chip.ErrMute
	}
	return f.everyone(f.chosen.state, func(tag *picc) ([]byte, error) { return tag.exchange(tx) })
}

// everyone in a state answers; two different answers are a collision.
func (f *Field) everyone(state piccState, ask func(*picc) ([]byte, error)) (rx []byte, err error) {
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

// Frame sends one frame through the air and gives what comes back, see picc.frame.
func (f *Field) Frame(tx []byte, txBits int) (rx []byte, rxBits int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.rf {
		return nil, 0, chip.ErrMute
	}
	if slices.ContainsFunc(f.tags, (*picc).selected) && txBits == 0 {
		f.exchange()
	}
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

// Present tells whether the chip that was selected still is.
func (f *Field) Present() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chosen != nil && f.chosen.selected()
}

// Deselect ends the dialogue with the selected chip, which rests until it loses its power: S(DESELECT), or HLTA. Another
// that is still in the same state takes it for its own.
func (f *Field) Deselect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.chosen == nil || !f.chosen.selected() {
		return
	}
	state := f.chosen.state
	for _, tag := range f.tags {
		if tag.state == state {
			tag.state = piccHalt
		}
	}
}

// Arrived is closed when the next chip comes.
func (f *Field) Arrived() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.arrival
}
