// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"errors"
	"time"

	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// antenna is a Device on a virtual antenna, with no wires in between. sent has the commands to the tags;
// Select and Present are not among them.
type antenna struct {
	field *simantenna.Field
	took  time.Duration // by every command
	sent  [][]byte

	// lose may take the tag away before the nth exchange (answered is false),
	// or between its answer and the reader, and tells whether it did.
	lose func(n int, answered bool) bool
}

func newAntenna(on simchip.Chip) *antenna {
	a := &antenna{field: simantenna.NewField()}
	if on != nil {
		a.field.Put(on)
	}
	return a
}

func (a *antenna) Select(int) (Target, error) {
	time.Sleep(a.took)
	a.field.RF(true)
	t, found := a.field.Select()
	if !found {
		return Target{}, ErrNoTag
	}
	return Target(t), nil
}

func (a *antenna) Transceive(tx []byte, timeout time.Duration) ([]byte, error) {
	if timeout <= 0 || timeout > maxTapTime {
		return nil, errors.New("a timeout outside of the tap's")
	}
	time.Sleep(a.took)
	a.sent = append(a.sent, bytes.Clone(tx))
	if a.lose != nil {
		a.lose(len(a.sent), false)
	}

	rx, err := a.field.Transceive(tx)
	if err != nil || a.lose != nil && a.lose(len(a.sent), true) {
		return nil, ErrTagLost
	}

	return rx, nil
}

func (a *antenna) Present() (bool, error) {
	time.Sleep(a.took)
	return a.field.Present(), nil
}

func (a *antenna) Deselect() error {
	time.Sleep(a.took)
	a.field.Deselect()
	return nil
}

func (a *antenna) Cycle() error {
	a.field.RF(false)
	time.Sleep(fieldOff + fieldOn)
	a.field.RF(true)
	return nil
}

func (a *antenna) Close() error { return nil }

// tap selects the tag on the antenna and reads it.
func (a *antenna) tap() (Tap, error) {
	entered := time.Now()
	t, err := a.Select(1)
	if err != nil {
		return Tap{}, err
	}
	return Read(a, t, entered, TwoTaps)
}
