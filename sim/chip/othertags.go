// SPDX-License-Identifier: Apache-2.0

package chip

import "bytes"

// NewClone makes a copy of a tag, which gives the same URL at each read.
//
// It shows itself as the target that is given, if any: as a Type 4 tag if that target speaks ISO-DEP, otherwise as a
// Type 2 tag, whose UID must have 7 bytes. Without a target it is an NTAG with a UID of its own.
func NewClone(url string, like ...Target) Chip {
	target := target2([]byte{0x04, 0xC1, 0x0E, 0xD0, 0x00, 0x00, 0x01})
	if len(like) > 0 {
		target = like[0]
	}

	if target.ISODEP() {
		return &NTAG424{target: target, url: url}
	}

	// An NTAG 213 has 144 bytes of user memory; the TLVs around the message take 8 of them.
	kind := ntag213
	if len(URIMessage(url)) > 136 {
		kind = ntag216
	}
	return newType2(kind, target, url, nil)
}

// NewForeign makes an honest tag that belongs to somebody else: a plain NTAG 213.
func NewForeign(url string) Chip {
	return NewNTAG213([7]byte{0x04, 0xF0, 0x4E, 0x16, 0x90, 0x00, 0x02}, url)
}

// NewBlank makes an NTAG 213 as the factory ships it: formatted, but without an NDEF message.
func NewBlank() Chip {
	return NewNTAG213([7]byte{0x04, 0xB1, 0xA9, 0x4B, 0x00, 0x00, 0x03}, "")
}

// NewPaymentCard makes a contactless bank card: it speaks ISO-DEP, has the PPSE (EMV Book B section 3.3), and has no
// NDEF application.
func NewPaymentCard() Chip { return paymentCard{} }

type paymentCard struct{}

// ppse is the name of the Proximity Payment System Environment.
var ppse = []byte("2PAY.SYS.DDF01")

func (paymentCard) Target() Target {
	return Target{
		ATQA: [2]byte{0x00, 0x04},
		SAK:  0x20,
		UID:  []byte{0x08, 0x5A, 0x3C, 0x91}, // 08 marks a random UID (ISO/IEC 14443-3 section 6.5.4)
		ATS:  []byte{0x78, 0x80, 0x70, 0x02, 0x00, 0x31, 0xC1, 0x73, 0xC8, 0x40, 0x00, 0x90, 0x00},
	}
}

func (paymentCard) Power(bool) {}

func (paymentCard) Activate() {}

// Transceive knows one command, SELECT of the PPSE.
func (paymentCard) Transceive(tx []byte) ([]byte, error) {
	switch {
	case len(tx) < 4:
		return sw(swWrongLength), nil
	case tx[0] != 0x00:
		return sw(swNoSuchClass), nil
	case tx[1] != insSelect:
		return sw(swNoSuchInstruction), nil
	case tx[2] != 0x04 || len(tx) < 5+len(ppse) || !bytes.Equal(tx[5:5+len(ppse)], ppse):
		return sw(swNotFound), nil
	}

	// The FCI template: the DF name, and a proprietary template without any application.
	fci := append([]byte{0x6F, 0x12, 0x84, byte(len(ppse))}, ppse...)
	return append(fci, 0xA5, 0x00, 0x90, 0x00), nil
}

// NewClassic makes a MIFARE Classic 1K. Nobody knows the keys of its sectors, so it never answers a command.
func NewClassic() Chip { return classic{} }

type classic struct{}

func (classic) Target() Target {
	return Target{ATQA: [2]byte{0x00, 0x04}, SAK: 0x08, UID: []byte{0xDE, 0xAD, 0x10, 0x01}}
}

func (classic) Power(bool) {}

func (classic) Activate() {}

func (classic) Transceive([]byte) ([]byte, error) { return nil, ErrMute }
