// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package reader

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// A port with nobody at its other end is not a missing one.
func TestOpenOfASilentPortFails(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "silent")
	pty, err := simreader.OpenPTY(link)
	if err != nil {
		t.Fatal(err)
	}
	defer pty.Close()
	dev, err := Open("pn532_uart:" + link)
	if err == nil {
		dev.Close()
		t.Fatal("it was opened")
	}

	if Missing(err) {
		t.Errorf("%v means missing", err)
	}
}

// A chip that hangs at any command of its opening gives an error from
// Open or from the first Select. Some of them would abort libnfc.
func TestOpenOfAChipThatHangs(t *testing.T) {
	t.Parallel()
	for writes := int64(1); writes <= 6; writes++ { // ACK and answer are two
		t.Run(fmt.Sprint(writes), func(t *testing.T) {
			t.Parallel()
			r := libnfcRig(t)
			r.hangs.Store(writes)
			dev, err := Open(r.device)
			if err == nil {
				defer dev.Close()
				r.hung.Store(true)
				_, err = dev.Select(1)
			}

			if err == nil || errors.Is(err, ErrNoTag) || Missing(err) {
				t.Errorf("got %v, want a fault of the reader", err)
			}
		})
	}
}

// A chip that hangs, or slept through a brown-out, is not taken for an empty field. Opening it again
// brings it back.
func TestHungChipIsNoticedAndBackWhenOpenedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		on   simchip.Chip
		ask  func(Device) error
	}{
		{"select", nil, func(dev Device) error {
			_, err := dev.Select(1)
			return err
		}},
		{"present, then select", newNTAG424(), func(dev Device) error {
			if present, err := dev.Present(); present || err != nil {
				return fmt.Errorf("present %v, %w", present, err)
			}
			_, err := dev.Select(1)
			return err
		}},
		{"read, then select", newNTAG223(), func(dev Device) error {
			tap, err := Read(dev, Target{UID: uid22x[:]}, time.Now(), TwoTaps)
			if tap.Reason != scan.ReasonTorn {
				return fmt.Errorf("%+v, %w", tap, err)
			}
			_, err = dev.Select(1)
			return err
		}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := libnfcRig(t)
			dev := r.open(t)
			if tt.on != nil {
				r.field.Put(tt.on)
				mustSelect(t, dev)
			}

			r.hung.Store(true)
			if err := tt.ask(dev); !errors.Is(err, errHung) {
				t.Errorf("got %v, want %v", err, errHung)
			}

			dev.Close()
			r.hung.Store(false)
			dev = r.open(t)
			defer dev.Close()
			r.field.Put(newNTAG424())
			mustSelect(t, dev)
		})
	}
}

// A station has 10 s to notice a hung reader.
func TestWatchNoticesAHungChipWithin5Seconds(t *testing.T) {
	t.Parallel()
	r := libnfcRig(t)
	dev := r.open(t)
	defer dev.Close()
	r.field.Put(newNTAG223())
	var hung time.Time
	var events []seen

	err := watchOn(t.Context(), dev, nil, func(e Event) error {
		if e.Kind == EventTap {
			hung = time.Now()
			r.hung.Store(true)
		}
		events = append(events, seen{Event: e})
		return nil
	})

	if took := time.Since(hung); !errors.Is(err, errHung) || took > 5*time.Second {
		t.Errorf("got %v after %v, want %v within 5 s", err, took, errHung)
	}
	checkPairs(t, events)
}

// A reader that was unplugged is noticed at once.
func TestWatchNoticesAnUnpluggedReader(t *testing.T) {
	r := libnfcRig(t)
	dev := r.open(t)
	defer dev.Close()
	r.stop()
	start := time.Now()
	err := watchOn(t.Context(), dev, nil, func(Event) error { return nil })
	if err == nil || errors.Is(err, ErrNoTag) || errors.Is(err, ErrTagLost) {
		t.Errorf("got %v, want a fault of the reader", err)
	}

	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("noticed after %v", took)
	}
}
