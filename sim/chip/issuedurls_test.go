// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"slices"
	"testing"
)

// A URL counts as issued only if the chip has given every byte of its message at one count.
func TestURLIsIssuedWhenReadWhole(t *testing.T) {
	n424 := func() *NTAG424 { return NewNTAG424(test424, key1, key2, url424) }
	half, rest := "00B0000050", "00B0005080"
	tests := []struct {
		name     string
		commands []string // "power" and "capture" are none
		want     int
	}{
		{"whole", []string{selectNDEF, readAll}, 1},
		{"whole twice at one count", []string{selectNDEF, readAll, readAll}, 1},
		{"whole at two counts", []string{selectNDEF, readAll, selectNDEF, readAll}, 2},
		{"pieces", []string{selectNDEF, half, rest}, 1},
		{"pieces, the last first", []string{selectNDEF, rest, half}, 1},
		{"only the length", []string{selectNDEF, "00B0000002"}, 0},
		{"half", []string{selectNDEF, half}, 0},
		{"halves of two counts", []string{selectNDEF, half, selectNDEF, rest}, 0},
		{"halves around a capture", []string{selectNDEF, half, "capture", rest}, 1},
		{"halves around a power cycle", []string{selectNDEF, half, "power", selectApp, selectNDEF, rest}, 0},
		{"the CC", []string{selectCC, readAll}, 0},
	}

	for _, tt := range tests {
		t.Run("424 "+tt.name, func(t *testing.T) {
			chip := n424()
			for _, command := range append([]string{selectApp}, tt.commands...) {
				act(chip, command, chip.Capture)
			}

			if got := chip.Issued(); len(got) != tt.want {
				t.Errorf("got %q, want %d", got, tt.want)
			}
		})
	}

	for _, tt := range []struct {
		name     string
		commands []string
		want     int
	}{
		{"whole", []string{"3A0420"}, 1},
		{"whole again at one count", []string{"3A0420", "3A0420"}, 1},
		{"pieces", []string{"3004", "3008", "300C", "3010", "3014", "3018"}, 1},
		{"a page is missing", []string{"3004", "3A0920"}, 0},
		{"the head", []string{"3000"}, 0},
		{"halves of two counts", []string{"3A0410", "power", "3A1120"}, 0},
		{"whole at two counts", []string{"3A0420", "power", "3A0420"}, 2},
		{"capture", []string{"3004", "capture"}, 1},
		{"all but the first byte", []string{"3A0620"}, 0}, // which is the last of page 05h
		{"all but the last byte", []string{"3A0415"}, 0},  // which is the first of page 16h
		{"all to the last byte", []string{"3A0416"}, 1},
	} {
		t.Run("223 "+tt.name, func(t *testing.T) {
			chip := NewNTAG223(test22x, key1, url22x[:len(url22x)-1])
			for _, command := range tt.commands {
				act(chip, command, chip.Capture)
			}

			if got := chip.Issued(); len(got) != tt.want {
				t.Errorf("got %q, want %d", got, tt.want)
			}
		})
	}
}

func act(chip Chip, command string, capture func() string) {
	switch command {
	case "power":
		chip.Power(false)
		chip.Power(true)

	case "capture":
		capture()

	default:
		send(chip, command)
	}
}

// The chip records the URLs that the reader read, and those that a phone captured somewhere else.
func TestChipsRecordIssuedURLs(t *testing.T) {
	n424 := NewNTAG424(test424, key1, key2, url424)
	want := []string{urlOf(t, n424, 16), n424.Capture(), urlOf(t, n424, 255)}
	if got := n424.Issued(); !slices.Equal(got, want) {
		t.Errorf("424: got %q, want %q", got, want)
	}

	n223 := NewNTAG223(test22x, key1, url22x)
	want = []string{n223.Capture()}
	if got := n223.Issued(); !slices.Equal(got, want) {
		t.Errorf("223: got %q, want %q", got, want)
	}

	clone := NewClone(want[0], target424(test424[:])).(*NTAG424)
	urlOf(t, clone, 255)
	if got := clone.Issued(); len(got) != 0 {
		t.Errorf("a clone: got %q, want none", got)
	}
}
