// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// The bench's own chips have this UID, which the recordings have in place of the real ones.
var uid = [7]byte{0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}

// Every one of them holds this URL, and has zeros for its keys.
const url = "https://tap.example.com/tag_x"

// chips are those of the bench that a recording may name.
var chips = map[string]func() chip.Chip{
	"nothing": func() chip.Chip { return nil },
	"ntag213": func() chip.Chip { return chip.NewNTAG213(uid, url) },
	"ntag223": func() chip.Chip { return chip.NewNTAG223(uid, [16]byte{}, url) },
	"ntag424": func() chip.Chip { return chip.NewNTAG424(uid, [16]byte{}, [16]byte{}, url) },
	"ntag424-random": func() chip.Chip {
		n := chip.NewNTAG424(uid, [16]byte{}, [16]byte{}, url)
		n.RandomID = true
		return n
	},
}

// A tag is what lies on the antenna: one of the bench's chips by its name, or "tag ATQA SAK UID ATS", with - for no
// ATS. The ATS has no TL. What the tag knows comes first; the chip behind it answers the rest. A tag without a chip
// behind it ignores the rest if it is Type 2, and refuses it if it speaks ISO-DEP.
type tag struct {
	given bool
	base  func() chip.Chip // nil for a tag that is only described

	target  chip.Target
	answers []answer
}

type answer struct{ command, response []byte }

func (t *tag) parse(words []string) error {
	t.given = true
	if len(words) == 1 {
		t.base = chips[words[0]]
		if t.base == nil {
			return fmt.Errorf("no chip %q", words[0])
		}
		return nil
	}
	if len(words) != 5 || words[0] != "tag" {
		return errors.New("want a chip, or tag ATQA SAK UID ATS")
	}

	var fields [4][]byte
	for i, word := range words[1:] {
		if i == 3 && word == "-" {
			continue
		}
		var err error
		if fields[i], err = hex.DecodeString(word); err != nil {
			return err
		}
	}
	if len(fields[0]) != 2 || len(fields[1]) != 1 {
		return errors.New("ATQA has two bytes, and SAK one")
	}

	t.target = chip.Target{ATQA: [2]byte(fields[0]), SAK: fields[1][0], UID: fields[2], ATS: fields[3]}
	return nil
}

func (t *tag) parseAnswer(words []string) error {
	if len(words) != 2 {
		return errors.New("want a command and its response")
	}
	command, err := hex.DecodeString(words[0])
	if err != nil {
		return err
	}
	response, err := hex.DecodeString(words[1])
	if err != nil {
		return err
	}

	t.answers = append(t.answers, answer{command, response})
	return nil
}

func (t *tag) chip() chip.Chip {
	var base chip.Chip
	if t.base != nil {
		base = t.base()
	}
	if t.base != nil && len(t.answers) == 0 {
		return base
	}

	d := &described{base: base, target: t.target, answers: t.answers}
	if base != nil {
		d.target = base.Target()
	}
	return d
}

// described is a chip that a recording describes.
type described struct {
	base    chip.Chip // answers what the recording does not say; nil if nothing does
	target  chip.Target
	answers []answer
}

func (d *described) Target() chip.Target { return d.target }

func (d *described) Power(on bool) {
	if d.base != nil {
		d.base.Power(on)
	}
}

func (d *described) Activate() {
	if d.base != nil {
		d.base.Activate()
	}
}

func (d *described) Transceive(tx []byte) ([]byte, error) {
	for _, a := range d.answers {
		if bytes.Equal(a.command, tx) {
			return slices.Clone(a.response), nil
		}
	}

	switch {
	case d.base != nil:
		return d.base.Transceive(tx)
	case d.target.ISODEP():
		return []byte{0x6D, 0x00}, nil // no such instruction (ISO/IEC 7816-4 section 5.6)
	default:
		return nil, chip.ErrMute
	}
}
