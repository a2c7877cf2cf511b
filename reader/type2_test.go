// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// type2Tag is a Type 2 tag. It goes back to idle with every NAK (the antenna sees
// to that), and its READ rolls over behind the last page.
type type2Tag struct {
	memory  []byte // from page 0
	version []byte // nil: an old one, that knows neither GET_VERSION nor FAST_READ
	deaf    bool   // to FAST_READ, whatever it says of itself
}

func (s *type2Tag) Target() simchip.Target {
	return simchip.Target{ATQA: [2]byte{0x00, 0x44}, UID: []byte{4, 1, 2, 3, 4, 5, 6}}
}

func (s *type2Tag) Power(bool) {}
func (s *type2Tag) Activate()  {}

func (s *type2Tag) Transceive(tx []byte) ([]byte, error) {
	pages := len(s.memory) / pageSize
	switch {
	case len(tx) == 2 && tx[0] == cmdRead && int(tx[1]) < pages:
		around := append(bytes.Clone(s.memory), s.memory[:3*pageSize]...)
		return around[int(tx[1])*pageSize:][:4*pageSize], nil
	case s.version == nil:
		return nil, simchip.ErrNAK
	case len(tx) == 1 && tx[0] == cmdGetVersion:
		return s.version, nil
	case len(tx) == 3 && tx[0] == cmdFastRead && !s.deaf && tx[1] <= tx[2] && int(tx[2]) < pages:
		return s.memory[int(tx[1])*pageSize : (int(tx[2])+1)*pageSize], nil
	}

	return nil, simchip.ErrNAK
}

var (
	versionNTAG213 = []byte{0, 4, 4, 2, 1, 0, 0x0F, 3}
	versionNTAG223 = []byte{0, 4, 4, 2, 4, 0, 0x0F, 3}
	versionEV1     = []byte{0, 4, 3, 1, 1, 0, 0x0B, 3}
)

// formatted is the memory of a tag with this capability container and data
// area, of so many pages.
func formatted(pages int, cc [4]byte, data ...byte) []byte {
	used := slices.Concat(make([]byte, ccPage*pageSize), cc[:], data)
	return append(used, make([]byte, pages*pageSize)...)[:pages*pageSize]
}

func ccOf(size int) [4]byte { return [4]byte{0xE1, 0x10, byte(size / 8), 0x00} }

// tlv has a length of one byte, tlv3 of three.
func tlv(kind byte, value []byte) []byte { return append([]byte{kind, byte(len(value))}, value...) }

func tlv3(kind byte, value []byte) []byte {
	return append([]byte{kind, 0xFF, byte(len(value) >> 8), byte(len(value))}, value...)
}

func TestType2TagsOfAllAgesAreReadAlike(t *testing.T) {
	const url = "https://a.example/tag_a?m=1"
	ndef := tlv(tlvNDEF, urlMessage(4, "a.example/tag_a?m=1"))
	cat := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	lock, memory := []byte{0x01, 3, 0xA0, 0x0C, 0x34}, []byte{0x02, 3, 0x10, 0x20, 0x33}
	longMessage, longURL := bigMessage(858)

	tests := []struct {
		name   string
		memory []byte
		want   string
		reason scan.Reason
	}{
		{"NDEF alone", formatted(45, ccOf(144), ndef...), url, ""},
		{"behind NULLs", formatted(45, ccOf(144), cat(make([]byte, 7), ndef)...), url, ""},
		{"behind lock control", formatted(45, ccOf(144), cat(lock, ndef)...), url, ""},
		{"behind memory control", formatted(45, ccOf(144), cat(memory, ndef)...), url, ""},
		{"behind a proprietary TLV", formatted(45, ccOf(144), cat(tlv(0xFD, make([]byte, 40)), ndef)...), url, ""},
		{"behind all of them",
			formatted(45, ccOf(144), cat(lock, memory, []byte{0}, tlv3(0xFD, ndef), []byte{0}, ndef)...), url, ""},
		{"the first of two", formatted(45, ccOf(144), cat(ndef, tlv(tlvNDEF, urlMessage(4, "b.example")))...), url, ""},
		{"a length of three bytes", formatted(45, ccOf(144), tlv3(tlvNDEF, ndef[2:])...), url, ""},
		{"up to the last byte of the data area",
			formatted(16, ccOf(48), cat(make([]byte, 48-len(ndef)), ndef)...), url, ""},
		{"of 850 bytes", formatted(231, ccOf(872), tlv3(tlvNDEF, longMessage)...), longURL, ""},
		{"CC version 1.1", formatted(45, [4]byte{0xE1, 0x11, 18, 0x0F}, ndef...), url, ""},

		{"blank: a message of no bytes", formatted(45, ccOf(144), tlv(tlvNDEF, nil)...), "", scan.ReasonNoNDEF},
		{"blank of three bytes", formatted(45, ccOf(144), tlv3(tlvNDEF, nil)...), "", scan.ReasonNoNDEF},
		{"a terminator before it",
			formatted(45, ccOf(144), cat([]byte{tlvTerminator, 0}, ndef)...), "", scan.ReasonNoNDEF},
		{"nothing but NULLs", formatted(45, ccOf(144)), "", scan.ReasonNoNDEF},
		{"beyond the data area", formatted(45, ccOf(16), ndef...), "", scan.ReasonNoNDEF},
		{"one byte beyond", formatted(16, ccOf(48), cat(make([]byte, 49-len(ndef)), ndef)...), "", scan.ReasonNoNDEF},
		{"behind the data area", formatted(45, ccOf(16), cat(make([]byte, 16), ndef)...), "", scan.ReasonNoNDEF},
		{"a proprietary TLV beyond", formatted(45, ccOf(144), tlv(0xFD, make([]byte, 150))...), "", scan.ReasonNoNDEF},
		{"its length beyond", formatted(16, ccOf(8), 0, 0, 0, 0, 0, 0, 0, tlvNDEF), "", scan.ReasonNoNDEF},
		{"its three-byte length beyond",
			formatted(16, ccOf(8), 0, 0, 0, 0, 0, tlvNDEF, 0xFF, 0, 3), "", scan.ReasonNoNDEF},
		{"no data area", formatted(16, ccOf(0), ndef...), "", scan.ReasonNoNDEF},
		{"wrong magic", formatted(45, [4]byte{0xE0, 0x10, 18, 0}, ndef...), "", scan.ReasonNoNDEF},
		{"as from the factory", formatted(45, [4]byte{}), "", scan.ReasonNoNDEF},
		{"version 0", formatted(45, [4]byte{0xE1, 0x01, 18, 0}, ndef...), "", scan.ReasonNoNDEF},
		{"version 2", formatted(45, [4]byte{0xE1, 0x20, 18, 0}, ndef...), "", scan.ReasonNoNDEF},
		{"no free read access", formatted(45, [4]byte{0xE1, 0x10, 18, 0x80}, ndef...), "", scan.ReasonNoNDEF},
		{"more than 1 KiB",
			formatted(256, ccOf(2040), tlv3(tlvNDEF, make([]byte, 1025))...), "", scan.ReasonUnsupported},
		{"behind the last page there is",
			formatted(256, ccOf(2040), tlv3(tlvNDEF, make([]byte, 1020))...), "", scan.ReasonUnsupported},
		{"a text", formatted(45, ccOf(144), tlv(tlvNDEF, textMessage)...), "", scan.ReasonNoURL},
		{"a broken message", formatted(45, ccOf(144), tlv(tlvNDEF, ndef[2:9])...), "", scan.ReasonNoNDEF},
	}
	// Old and new tags, and one that FAST_READ fails on, are read alike.
	kinds := []struct {
		name    string
		version []byte
		deaf    bool
		chip    Chip
	}{
		{"Ultralight", nil, false, ChipType2},
		{"Ultralight EV1", versionEV1, false, ChipType2},
		{"NTAG 213", versionNTAG213, false, ChipNTAG21x},
		{"NTAG 223", versionNTAG223, false, ChipNTAG22x},
		{"NTAG 213 deaf to FAST_READ", versionNTAG213, true, ChipNTAG21x},
	}

	for _, tt := range tests {
		for _, kind := range kinds {
			t.Run(tt.name+"/"+kind.name, func(t *testing.T) {
				if len(tt.memory) < 20*pageSize && kind.version != nil {
					// There is no smaller one.
					tt.memory = append(tt.memory, make([]byte, 20*pageSize-len(tt.memory))...)
				}
				a := newAntenna(&type2Tag{tt.memory, kind.version, kind.deaf})
				got, err := a.tap()
				if err != nil || got.URL != tt.want || got.Reason != tt.reason {
					t.Errorf("got %q, %q, %v; want %q, %q", got.URL, got.Reason, err, tt.want, tt.reason)
				}

				if got.Chip != kind.chip {
					t.Errorf("chip %q, want %q", got.Chip, kind.chip)
				}
			})
		}
	}
}

// type2Commands writes the commands to a tag as words: V, R and its page, F and its first and last page.
func type2Commands(sent [][]byte) string {
	var words []string
	for _, tx := range sent {
		switch tx[0] {
		case cmdGetVersion:
			words = append(words, "V")
		case cmdRead:
			words = append(words, fmt.Sprintf("R%d", tx[1]))
		case cmdFastRead:
			words = append(words, fmt.Sprintf("F%d-%d", tx[1], tx[2]))
		default:
			words = append(words, fmt.Sprintf("%X", tx))
		}
	}

	return strings.Join(words, " ")
}

func TestType2TakesFewCommands(t *testing.T) {
	message := func(n int) []byte { return tlv3(tlvNDEF, urlMessage(4, strings.Repeat("a", n))) }
	tests := []struct {
		name string
		tag  type2Tag
		want string
	}{
		{"one FAST_READ",
			type2Tag{memory: formatted(45, ccOf(144), message(40)...), version: versionNTAG213}, "V F3-17"},
		{"one more, of what is missing",
			type2Tag{memory: formatted(45, ccOf(144), message(80)...), version: versionNTAG213}, "V F3-17 F18-26"},
		{"never more than 15 pages",
			type2Tag{memory: formatted(231, ccOf(872), message(200)...), version: versionNTAG213},
			"V F3-17 F18-32 F33-47 F48-56"},
		{"READ of an old one", type2Tag{memory: formatted(45, ccOf(144), message(40)...)}, "V R3 R7 R11 R15"},
		{"READ from the beginning when FAST_READ fails",
			type2Tag{formatted(45, ccOf(144), message(40)...), versionNTAG213, true}, "V F3-17 R3 R7 R11 R15"},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAntenna(&tt.tag)
			tap, err := a.tap()
			if err != nil || tap.Reason != "" {
				t.Errorf("%q, %v", tap.Reason, err)
			}

			if got := type2Commands(a.sent); got != tt.want {
				t.Errorf("the tag was told %s, want %s", got, tt.want)
			}
		})
	}
}
