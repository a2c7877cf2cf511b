// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// The two genuine tags of these tests: an NTAG 424 DNA under key1 and key2, and an NTAG 223 DNA under key1.
const (
	url424 = "https://tap.example.com/tag_x"
	url22x = "https://tap.example.com/tag_y"
)

var (
	test424 = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
	test22x = [7]byte{0x04, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}
	key1    = [16]byte{1}
	key2    = [16]byte{2}
)

// Commands to an NTAG 424 DNA, in hex: select the NDEF application, and its NDEF file.
const (
	selectApp  = "00A4040007D276000085010100"
	selectNDEF = "00A4000C02E104"
)

// meter is a chip that records when its power comes and goes.
type meter struct {
	chip.Chip
	changes []bool
}

func (m *meter) Power(on bool) { m.changes = append(m.changes, on) }
