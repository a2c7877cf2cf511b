// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package reader

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
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

// A copy of the PN532 gives status 14 to READ by InDataExchange, which libnfc would use in its question whether a
// Type 2 tag is there. A tag that has not been read since the reader was opened, or after a Type 4 tag, is there all
// the same.
func TestTagRestsOnACopyOfThePN532(t *testing.T) {
	t.Parallel()
	r := libnfcRig(t)
	r.pn532.Break(simreader.Fault{
		Kind: simreader.InsteadOfAnswer, On: 0x40, With: []byte{0x01, cmdRead}, Times: -1,
		Bytes: []byte{0x00, 0x00, 0xFF, 0x03, 0xFD, 0xD5, 0x41, 0x14, 0xD6, 0x00},
	})
	dev := r.open(t)
	defer dev.Close()

	for _, chip := range []simchip.Chip{newNTAG223(), newNTAG424(), newNTAG223()} {
		r.field.Put(chip)
		mustSelect(t, dev)
		if present, err := dev.Present(); !present || err != nil {
			t.Errorf("present %v, %v, want true", present, err)
		}
		r.field.Remove()
	}
}

// A reader that falls one answer behind in the middle of a read gives a part of the tag twice, and nothing in its
// answers says so. No URL comes of that: the next command of another kind shows it before the tap is over.
func TestNoURLOfAReaderThatFallsOneAnswerBehind(t *testing.T) {
	t.Parallel()
	var rest strings.Builder
	for i := range 200 {
		fmt.Fprintf(&rest, "%04d", i)
	}
	message := append([]byte{0xC1, 1, 0, 0, 0x03, 0x21, 'U', 4}, rest.String()...)
	memory := formatted(256, ccOf(872), tlv3(tlvNDEF, message)...)

	for name, chip := range map[string]simchip.Chip{
		"type 4":            newType4Card(message),
		"type 2":            &type2Tag{memory: memory, version: versionNTAG223},
		"type 2, READ only": &type2Tag{memory: memory},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := libnfcRig(t)
			r.field.Put(chip)
			faults := 0
			for after := 0; ; after++ {
				dev := r.open(t)
				target := mustSelect(t, dev)
				struck := r.pn532.Broken()
				r.pn532.Break(simreader.Fault{Kind: simreader.OneBehind, Skip: after})
				tap, err := Read(dev, target, time.Now(), TwoTaps)
				missed := r.pn532.Broken() == struck
				r.pn532.Mend()
				dev.Close()

				if tap.URL != "" && tap.URL != "https://"+rest.String() {
					t.Fatalf("behind after %d commands: the URL is put together: %s", after, tap.URL)
				}
				if tap.URL == "" && err != nil {
					faults++
				}
				if missed {
					break
				}
			}
			if faults < 4 {
				t.Errorf("%d reads broke off with a fault of the reader, want 4 at least", faults)
			}
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
