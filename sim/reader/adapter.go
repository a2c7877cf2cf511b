// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"sync"
)

// An Adapter is a PN532 behind a USB serial adapter, which can be pulled out and plugged in again. The chip has its
// power from the adapter.
type Adapter struct {
	chip *PN532
	pty  *PTY

	mu     sync.Mutex
	served chan error // nil: unplugged
}

// NewAdapter plugs a chip in; hosts find it behind the link.
func NewAdapter(link string, chip *PN532) (*Adapter, error) {
	pty, err := OpenPTY(link)
	if err != nil {
		return nil, err
	}
	a := &Adapter{chip: chip, pty: pty}
	if err := a.Plug(); err != nil {
		return nil, err
	}
	return a, nil
}

// Plug serves the chip, in its power-on state, behind the link. An adapter that is plugged in stays as it is.
func (a *Adapter) Plug() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.served != nil {
		return nil
	}
	a.chip.Reset()
	if err := a.pty.Plug(); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- a.chip.Serve(a.pty) }()
	a.served = served
	return nil
}

// Unplug pulls the adapter out, see PTY.Unplug, and takes the power from the chip: its field is off.
func (a *Adapter) Unplug() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.served == nil {
		return nil
	}
	err := a.pty.Unplug()
	a.chip.Reset() // ends whatever the chip waits for
	err = errors.Join(err, <-a.served)
	a.chip.Reset() // whatever it still did
	a.served = nil
	return err
}

// Close is Unplug.
func (a *Adapter) Close() error { return a.Unplug() }
