// SPDX-License-Identifier: Apache-2.0

package reader

import "testing"

func TestChipIsKnownFromItsSelection(t *testing.T) {
	tests := []struct {
		name string
		in   Target
		want Chip
	}{
		{"NTAG 424 DNA",
			Target{ATQA: [2]byte{0x03, 0x44}, SAK: 0x20, ATS: []byte{0x77, 0x77, 0x71, 0x02, 0x80}}, ChipNTAG424},
		{"DESFire", Target{ATQA: [2]byte{0x03, 0x44}, SAK: 0x20, ATS: []byte{0x75, 0x77, 0x81, 0x02, 0x80}}, ChipType4},
		{"its ATS with another ATQA",
			Target{ATQA: [2]byte{0x00, 0x04}, SAK: 0x20, ATS: []byte{0x77, 0x77, 0x71, 0x02, 0x80}}, ChipType4},
		{"a payment card", Target{ATQA: [2]byte{0x00, 0x04}, SAK: 0x28, ATS: []byte{0x78}}, ChipType4},
		{"no ATS", Target{SAK: 0x20}, ChipType4},
		{"NTAG, Ultralight", Target{ATQA: [2]byte{0x00, 0x44}, SAK: 0x00}, ChipType2},
		{"MIFARE Classic 1K", Target{ATQA: [2]byte{0x00, 0x04}, SAK: 0x08}, ChipOther},
		{"MIFARE Classic 4K", Target{ATQA: [2]byte{0x00, 0x02}, SAK: 0x18}, ChipOther},
	}
	for _, tt := range tests {
		if got := chipOf(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestChipIsKnownFromGetVersion(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want Chip
	}{
		{"NTAG 210", []byte{0, 4, 4, 1, 1, 0, 0x0B, 3}, ChipNTAG21x},
		{"NTAG 213", []byte{0, 4, 4, 2, 1, 0, 0x0F, 3}, ChipNTAG21x},
		{"NTAG 216", []byte{0, 4, 4, 2, 1, 0, 0x13, 3}, ChipNTAG21x},
		{"NTAG 223 DNA", []byte{0, 4, 4, 2, 4, 0, 0x0F, 3}, ChipNTAG22x},
		{"NTAG 223 DNA StatusDetect", []byte{0, 4, 4, 8, 4, 0, 0x0F, 3}, ChipNTAG22x},
		{"NTAG 224 DNA", []byte{0, 4, 4, 2, 5, 0, 0x10, 3}, ChipNTAG22x},
		{"NTAG 224 DNA StatusDetect", []byte{0, 4, 4, 8, 5, 0, 0x10, 3}, ChipNTAG22x},
		{"a later NTAG", []byte{0, 4, 4, 2, 9, 0, 0x10, 3}, ChipType2},
		{"Ultralight EV1", []byte{0, 4, 3, 1, 1, 0, 0x0B, 3}, ChipType2},
		{"another vendor", []byte{0, 5, 4, 2, 1, 0, 0x0F, 3}, ChipType2},
		{"too short", []byte{0, 4, 4, 2, 1}, ChipType2},
		{"too long", []byte{0, 4, 4, 2, 1, 0, 0x0F, 3, 0}, ChipType2},
		{"empty", nil, ChipType2},
	}
	for _, tt := range tests {
		if got := chipOfVersion(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestRandomUIDsMayBeOfOneTagAtDifferentTimes(t *testing.T) {
	tests := []struct {
		name string
		a, b []byte
		want bool
	}{
		{"one UID", []byte{4, 1, 2, 3, 4, 5, 6}, []byte{4, 1, 2, 3, 4, 5, 6}, true},
		{"two UIDs", []byte{4, 1, 2, 3, 4, 5, 6}, []byte{4, 1, 2, 3, 4, 5, 7}, false},
		{"two random ones", []byte{8, 1, 2, 3}, []byte{8, 4, 5, 6}, true},
		{"a DESFire's begins with 80", []byte{0x80, 1, 2, 3}, []byte{0x80, 4, 5, 6}, true},
		{"one random, one not", []byte{8, 1, 2, 3}, []byte{9, 1, 2, 3}, false},
		{"seven bytes are never random", []byte{8, 1, 2, 3, 4, 5, 6}, []byte{8, 1, 2, 3, 4, 5, 7}, false},
		{"four bytes that are not random", []byte{9, 1, 2, 3}, []byte{9, 1, 2, 4}, false},
	}
	for _, tt := range tests {
		if got := SameOrRandom(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
