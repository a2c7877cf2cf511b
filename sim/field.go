// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"sync"
)

// Field is an antenna and what lies on it: no chip, or one. A chip has power while the RF field is on, and is spoken
// to after Select.
type Field struct {
	mu      sync.Mutex
	rf      bool
	tag     *picc         // nil: nothing on the antenna
	arrival chan struct{} // closed at the next Put
}

// NewField makes an empty antenna whose RF field is off.
func NewField() *Field { return &Field{arrival: make(chan struct{})} }

// Put lays a chip on the antenna. What lay there before is gone.
func (f *Field) Put(c Chip) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift()
	f.tag = &picc{chip: c}
	if f.rf {
		f.tag.power(true)
	}
	close(f.arrival)
	f.arrival = make(chan struct{})
}

// Remove takes away what lies on the antenna.
func (f *Field) Remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lift()
}

func (f *Field) lift() {
	if f.tag != nil && f.rf {
		f.tag.power(false)
	}
	f.tag = nil
}

// RF switches the field. Off takes the power from the chip.
func (f *Field) RF(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rf == on {
		return
	}
	f.rf = on
	if f.tag != nil {
		f.tag.power(on)
	}
}

// Select activates the chip, up to ISO-DEP if it has that. A chip that was selected already begins anew without having
// lost its power. Without RF nothing is found.
func (f *Field) Select() (Target, bool) { return f.find(nil, true) }

// find is Select of the chip with a UID (nil is any), with or without RATS.
func (f *Field) find(uid []byte, rats bool) (Target, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tag == nil || !f.rf {
		return Target{}, false
	}
	f.tag.wake()
	if uid != nil && !bytes.Equal(uid, f.tag.target.UID) {
		f.tag.state = piccIdle
		return Target{}, false
	}
	f.tag.choose(rats)
	return f.tag.target, true
}

// Transceive speaks to the selected chip: an APDU to an ISO-DEP chip, else a Type 2 command.
func (f *Field) Transceive(tx []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tag == nil || !f.rf {
		return nil, ErrMute
	}
	return f.tag.exchange(tx)
}

// frame sends one frame through the air and gives what comes back, see picc.frame.
func (f *Field) frame(tx []byte, txBits int) ([]byte, int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tag == nil || !f.rf {
		return nil, 0, ErrMute
	}
	return f.tag.frame(tx, txBits)
}

// Present tells whether the chip that was selected still is.
func (f *Field) Present() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tag != nil && f.rf && f.tag.selected()
}

// Deselect ends the dialogue with the selected chip: S(DESELECT), or HLTA.
func (f *Field) Deselect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tag != nil && f.tag.selected() {
		f.tag.state = piccHalt
	}
}

// arrived is closed when the next chip comes.
func (f *Field) arrived() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.arrival
}
