// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

func TestDeviceSelectsAndHaltsEveryKindOfTag(t *testing.T) {
	targets := []struct {
		name string
		chip simchip.Chip
		want Target
	}{
		{"424", newNTAG424(), Target{[2]byte{0x03, 0x44}, 0x20, uid424[:], []byte{0x77, 0x77, 0x71, 0x02, 0x80}}},
		{"223", newNTAG223(), Target{[2]byte{0x00, 0x44}, 0x00, uid22x[:], nil}},
		{"MIFARE Classic",
			simchip.NewClassic(), Target{[2]byte{0x00, 0x04}, 0x08, []byte{0xDE, 0xAD, 0x10, 0x01}, nil}},
		{"payment card", simchip.NewPaymentCard(), Target{[2]byte{0x00, 0x04}, 0x20, []byte{0x08, 0x5A, 0x3C, 0x91},
			[]byte{0x78, 0x80, 0x70, 0x02, 0x00, 0x31, 0xC1, 0x73, 0xC8, 0x40, 0x00, 0x90, 0x00}}},
	}
	onEachDevice(t, func(t *testing.T, field *simantenna.Field, dev Device) {
		for _, tt := range targets {
			if _, err := dev.Select(1); !errors.Is(err, ErrNoTag) {
				t.Errorf("select on an empty field: %v, want %v", err, ErrNoTag)
			}
			field.Put(tt.chip)

			for range 3 {
				if err := dev.Cycle(); err != nil {
					t.Fatal(err)
				}
				got := mustSelect(t, dev)
				if len(got.ATS) == 0 {
					got.ATS = nil
				}

				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
				}
			}

			if err := dev.Deselect(); err != nil {
				t.Fatal(err)
			}
			if _, err := dev.Select(1); !errors.Is(err, ErrNoTag) {
				t.Errorf("%s in HALT: %v, want %v", tt.name, err, ErrNoTag)
			}

			field.Remove()
		}
	})
}

func TestDeviceKnowsWhetherItsTagIsThere(t *testing.T) {
	chips := map[string]simchip.Chip{
		"424":            newNTAG424(),
		"223":            newNTAG223(),
		"MIFARE Classic": simchip.NewClassic(),
		"payment card":   simchip.NewPaymentCard(),
		"one that libnfc has no ping for": muteTag{
			simchip.Target{ATQA: [2]byte{0x00, 0x04}, SAK: 0x10, UID: []byte{1, 2, 3, 4}},
		},
	}
	onEachDevice(t, func(t *testing.T, field *simantenna.Field, dev Device) {
		for name, chip := range chips {
			field.Put(chip)
			mustSelect(t, dev)
			for i := range 5 {
				if present, err := dev.Present(); !present || err != nil {
					t.Errorf("%s, ask %d: present %v, %v; want true", name, i+1, present, err)
				}
			}

			field.Remove()
			for range 3 {
				if present, err := dev.Present(); present || err != nil {
					t.Errorf("%s when it has gone: present %v, %v; want false", name, present, err)
				}
			}

			field.Put(newNTAG424())
			if present, err := dev.Present(); present || err != nil {
				t.Errorf("another in the place of %s: present %v, %v; want false", name, present, err)
			}

			field.Put(chip)
			mustSelect(t, dev)
			if present, err := dev.Present(); !present || err != nil {
				t.Errorf("%s when it is back: present %v, %v; want true", name, present, err)
			}

			field.Remove()
		}
	})
}

func TestDeviceTransceivesAPDUsAndType2Commands(t *testing.T) {
	onEachDevice(t, func(t *testing.T, field *simantenna.Field, dev Device) {
		emitFromChild := func(tx ...byte) ([]byte, error) { return dev.Transceive(tx, maxTapTime) }
		wantLost := func(doing string, rx []byte, err error) {
			t.Helper()
			if !errors.Is(err, ErrTagLost) {
				t.Errorf("%s: got %x, %v, want %v", doing, rx, err, ErrTagLost)
			}
		}

		field.Put(newNTAG424())
		mustSelect(t, dev)
		if rx, err := emitFromChild(selectApplication...); err != nil || !bytes.Equal(rx, []byte{0x90, 0x00}) {
			t.Errorf("an APDU: got %x, %v, want 9000", rx, err)
		}

		if rx, err := emitFromChild(0x00, 0xB0, 0x00, 0x00, 0x01); err != nil || !bytes.Equal(rx, []byte{0x69, 0x85}) {
			t.Errorf("an APDU that is refused: got %x, %v, want 6985", rx, err)
		}
		field.Remove()
		rx, err := emitFromChild(selectApplication...)
		wantLost("an APDU to nobody", rx, err)

		field.Put(newNTAG223())
		mustSelect(t, dev)
		if rx, err := emitFromChild(cmdGetVersion); err != nil || !bytes.Equal(rx, versionNTAG223) {
			t.Errorf("GET_VERSION: got %x, %v, want %x", rx, err, versionNTAG223)
		}

		if rx, err := emitFromChild(cmdRead, 3); err != nil || len(rx) != 16 || rx[0] != 0xE1 {
			t.Errorf("READ: got %x, %v, want E1…", rx, err)
		}
		if rx, err := emitFromChild(cmdFastRead, 3, 17); err != nil || len(rx) != 60 || rx[0] != 0xE1 {
			t.Errorf("FAST_READ: got %x, %v, want E1…", rx, err)
		}

		rx, err = emitFromChild(cmdRead, 0xFF)
		wantLost("a NAK", rx, err)
		rx, err = emitFromChild(cmdRead, 3)
		wantLost("READ to an idle tag", rx, err)
		mustSelect(t, dev)
		if rx, err := emitFromChild(cmdRead, 3); err != nil || len(rx) != 16 {
			t.Errorf("READ after it was selected again: got %x, %v", rx, err)
		}

		field.Remove()
		rx, err = emitFromChild(cmdRead, 3)
		wantLost("READ to nobody", rx, err)

		field.Put(simchip.NewClassic())
		mustSelect(t, dev)
		rx, err = emitFromChild(cmdRead, 0)
		wantLost("READ to a MIFARE Classic", rx, err)
	})
}

func TestDeviceReadsURLs(t *testing.T) {
	kib, kibURL := bigMessage(1024)
	onEachDevice(t, func(t *testing.T, field *simantenna.Field, dev Device) {
		read := func(chip simchip.Chip) Tap {
			t.Helper()
			field.Put(chip)
			tap, err := Read(dev, mustSelect(t, dev), time.Now(), TwoTaps)
			if err != nil {
				t.Errorf("got %+v, %v", tap, err)
			}
			return tap
		}

		for _, g := range slices.Concat(genuineTags, otherNTAG22x) {
			chip := g.chip()
			for range 2 {
				if err := g.verify(read(chip).URL, chip); err != nil {
					t.Errorf("%s: %v", g.name, err)
				}
			}

			if chip.Counter() != 2 {
				t.Errorf("%s: count %d after two reads", g.name, chip.Counter())
			}
		}

		big := newType4Card(kib)
		big.id = 0xE105 // reads of MLe, 255 bytes
		if tap := read(big); tap.URL != kibURL {
			t.Errorf("1 KiB: got %+v", tap)
		}

		small := newType4Card(urlMessage(4, "a.example"))
		small.mle = 15
		if tap := read(small); tap.URL != "https://a.example" {
			t.Errorf("MLe 15: got %+v", tap)
		}

		old := &type2Tag{memory: formatted(16, ccOf(48), tlv(tlvNDEF, urlMessage(4, "b.example"))...)}
		if tap := read(old); tap.URL != "https://b.example" || tap.Chip != ChipType2 {
			t.Errorf("an Ultralight: got %+v", tap)
		}

		for name, chip := range map[string]simchip.Chip{
			"payment card":   simchip.NewPaymentCard(),
			"MIFARE Classic": simchip.NewClassic(),
		} {
			if tap := read(chip); tap.Reason != scan.ReasonUnsupported {
				t.Errorf("%s: got %+v, want %s", name, tap, scan.ReasonUnsupported)
			}
		}
	})
}

func TestDeviceLooksAtAnEmptyFieldManyTimes(t *testing.T) {
	onEachDevice(t, func(t *testing.T, field *simantenna.Field, dev Device) {
		for i := range 200 {
			if _, err := dev.Select(1); !errors.Is(err, ErrNoTag) {
				t.Fatalf("poll %d: %v, want %v", i, err, ErrNoTag)
			}
		}
		field.Put(newNTAG424())
		mustSelect(t, dev)
	})
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Close leaves nothing open, and neither does an Open that failed.
func TestDeviceCloseLeavesNothingOpen(t *testing.T) {
	rigs := []struct {
		name string
		rig  func(*testing.T) *rig
	}{{"libnfc", libnfcRig}, {"simulated", simulatedRig}}
	for _, tt := range rigs {
		t.Run(tt.name, func(t *testing.T) {
			cycle := func(more func(*rig)) {
				r := tt.rig(t)
				defer r.stop()
				for range 3 {
					dev := r.open(t)
					r.field.Put(newNTAG424())
					mustSelect(t, dev)
					if err := dev.Close(); err != nil {
						t.Error(err)
					}
				}

				more(r)
			}

			cycle(func(*rig) {}) // the first round opens what stays open for the whole process
			before := descriptors(t)
			cycle(func(r *rig) {
				if tt.name != "libnfc" {
					return
				}
				r.hung.Store(true)
				if dev, err := Open(r.device); err == nil {
					dev.Close()
					t.Error("a reader that does not answer was opened")
				}
			})

			settlesAt(t, "descriptors", before, func() int { return descriptors(t) })
		})
	}
}

func TestOpenOfAMissingReaderNamesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ttyS9")
	devices := []string{simulatedPrefix + path}
	if Libnfc {
		devices = append(devices,
			"pn532_uart:"+path, "pn532_uart:"+path+":115200", "pn532_i2c:"+path, "pn532_spi:"+path)
	}

	for _, device := range devices {
		dev, err := Open(device)
		if err == nil {
			dev.Close()
			t.Errorf("%s was opened", device)
			continue
		}

		if !Missing(err) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v (missing: %v), want an error that names the port and means missing",
				device, err, Missing(err))
		}
	}
}

// A socket that no bench serves any more exists, but nobody answers on it.
func TestOpenOfADeadSocketIsNotMissing(t *testing.T) {
	r := simulatedRig(t)
	path := strings.TrimPrefix(r.device, simulatedPrefix)
	if err := os.Rename(path, path+"2"); err != nil {
		t.Fatal(err)
	}

	r.stop()
	// A child that another test is just starting holds the socket until its exec.
	for deadline := time.Now().Add(10 * time.Second); ; {
		dev, err := Open(r.device + "2")
		if err == nil && time.Now().Before(deadline) {
			dev.Close()
			continue
		}

		if err == nil || Missing(err) {
			t.Errorf("got %v, want an error that does not mean missing", err)
		}
		return
	}
}

func TestCheckConnstring(t *testing.T) {
	good := []string{
		"pn532_uart:/dev/ttyAMA0", "pn532_uart:/dev/ttyUSB0:115200", "pn532_i2c:/dev/i2c-1",
		"acr122_usb:001:004", "simulated:/run/x",
	}
	bad := []string{"", ":", "pn532_uart", "pn532_uart:", ":/dev/ttyAMA0", "/dev/ttyAMA0", "simulated", "simulated:"}

	for _, device := range good {
		if err := CheckConnstring(device); err != nil {
			t.Errorf("%q: got %v, want nil", device, err)
		}
	}

	for _, device := range bad {
		if err := CheckConnstring(device); err == nil {
			t.Errorf("CheckConnstring(%q): got nil, want an error", device)
		}
		if dev, err := Open(device); err == nil {
			dev.Close()
			t.Errorf("Open(%q): got nil, want an error", device)
		} else if Missing(err) {
			t.Errorf("Open(%q): %v means missing", device, err)
		}
	}
}

func TestMissingIsThatAFileDoesNotExist(t *testing.T) {
	tests := []struct {
		in   error
		want bool
	}{
		{&fs.PathError{Op: "open", Path: "/dev/x", Err: fs.ErrNotExist}, true},
		{&fs.PathError{Op: "open", Path: "/dev/x", Err: fs.ErrPermission}, false},
		{ErrNoTag, false},
		{nil, false},
	}
	for _, tt := range tests {
		if got := Missing(tt.in); got != tt.want {
			t.Errorf("Missing(%v): got %v, want %v", tt.in, got, tt.want)
		}
	}
}
