// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"sync"
)

// An Adapter is a PN532 behind a USB serial adapter, which can be pulled out and plugged in again. It powers the chip.
type Adapter struct {
	chip *PN532
	pty  *PTY

	mu     sync.Mutex // held while the adapter is plugged in or pulled out
	served chan error // receives what PN532.Serve returns; nil while unplugged
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

// Plug serves the chip, in its power-on state, behind the link. It does nothing if the adapter is plugged in.
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

	// Unplug ends this goroutine: without its port Serve returns.
	served := make(chan error, 1)
	go func() { served <- a.chip.Serve(a.pty) }()
	a.served = served
	return nil
}

// Unplug pulls the adapter out, see PTY.Unplug. The chip loses its power, so its field is off.
func (a *Adapter) Unplug() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.served == nil {
		return nil
	}

	// The first reset ends whatever the chip waits for, so that Serve returns; the second undoes what it still did
	// between the two.
	err := a.pty.Unplug()
	a.chip.Reset()
	err = errors.Join(err, <-a.served)
	a.chip.Reset()

	a.served = nil
	return err
}

// RefuseWrites makes the port refuse every write, or ends that, see PTY.RefuseWrites.
func (a *Adapter) RefuseWrites(on bool) error { return a.pty.RefuseWrites(on) }

// Close is Unplug.
func (a *Adapter) Close() error { return a.Unplug() }
