// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A StatusWord is the SW1 SW2 of an APDU's answer when it is not 9000
// (ISO/IEC 7816-4, 5.6).
type StatusWord uint16

func (s StatusWord) Error() string { return fmt.Sprintf("status word %04X", uint16(s)) }

var (
	errNoNDEF      = errors.New("no NDEF message")
	errUnsupported = errors.New("not a tag with NDEF")

	// NFC Forum T4T 2.0, 5.4.2: SELECT of the NDEF application D2760000850101.
	selectApplication = []byte{0x00, 0xA4, 0x04, 0x00, 0x07, 0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01, 0x00}
)

const (
	ccFile   = 0xE103 // NFC Forum T4T 2.0, 5.4.3
	ndefFile = 0xE104 // NTAG 424 DNA, NT4H2421Gx 8.2.3.3: where file 02h is
	// One READ BINARY of 128 bytes holds the usual tap URL in three RF blocks.
	shortRead = 0x80
	longRead  = 0xFF // Le is one byte
)

// readNTAG424File reads the file where an NTAG 424 DNA has it. A station's tags have URLs of one length: the first read asks
// for as much as the last tag's file held, and what a longer one has beyond that is read on.
func (d *dialogue) readNTAG424File() ([]byte, error) {
	longest := shortRead // as every card with NDEF should know
	if chipOf(d.target) == ChipNTAG424 {
		longest = longRead
	}
	first := shortRead
	if d.fileSize > 0 {
		first = min(d.fileSize, longest)
	}
	msg, err := d.readFile(ndefFile, first, longest)
	if err == nil {
		d.fileSize = 2 + len(msg)
	}
	return msg, err
}

// readType4 gives the NDEF message of a Type 4 tag: by the short way, in which
// a genuine NTAG 424 DNA needs three commands, or else through its capability
// container (NFC Forum T4T 2.0, 5.4).
func readType4(d *dialogue) ([]byte, error) {
	var sw StatusWord
	if _, err := d.apdu(selectApplication...); errors.As(err, &sw) {
		return nil, errUnsupported
	} else if err != nil {
		return nil, err
	}
	msg, err := d.readNTAG424File()
	if errors.As(err, &sw) {
		return d.readByCC()
	}
	return msg, err
}

// readByCC finds the NDEF file and the longest read in the capability
// container. It asks for NLEN first, since there are cards that refuse a read
// beyond the end of their file.
func (d *dialogue) readByCC() ([]byte, error) {
	var sw StatusWord
	cc, err := d.capabilities()
	if errors.As(err, &sw) {
		return nil, errNoNDEF
	}
	if err != nil {
		return nil, err
	}
	file, longest, err := parseCC(cc)
	if err != nil {
		return nil, err
	}
	msg, err := d.readFile(file, min(2, longest), longest)
	if errors.As(err, &sw) {
		return nil, errNoNDEF
	}
	return msg, err
}

func (d *dialogue) capabilities() ([]byte, error) {
	if err := d.selectFile(ccFile); err != nil {
		return nil, err
	}
	return d.readBinary(0, 15)
}

// parseCC takes the first 15 bytes of a capability container: CCLEN, version,
// MLe, MLc, and the NDEF file control TLV 04 06 id size read write
// (NFC Forum T4T 2.0, 5.1).
func parseCC(cc []byte) (file uint16, longest int, err error) {
	if len(cc) < 15 || cc[7] != 0x04 || cc[8] < 6 || cc[13] != 0x00 {
		return 0, 0, errNoNDEF
	}
	longest = int(binary.BigEndian.Uint16(cc[3:]))
	if longest == 0 {
		return 0, 0, errNoNDEF
	}
	// The chip's largest answer holds 262 bytes less the status word.
	return binary.BigEndian.Uint16(cc[9:]), min(longest, longRead), nil
}

// readFile reads a whole NDEF file, two bytes of length and then the message,
// in a first read of so many bytes and others of what is missing. Nothing else is sent between its reads, so that an NTAG 424 DNA fills them
// all for one count (NT4H2421Gx, 9.3.1).
func (d *dialogue) readFile(file uint16, first, longest int) ([]byte, error) {
	if err := d.selectFile(file); err != nil {
		return nil, err
	}
	got, err := d.readBinary(0, first)
	if err != nil {
		return nil, err
	}
	for len(got) < 2 {
		more, err := d.readBinary(len(got), min(longest, 2-len(got)))
		if err != nil {
			return nil, err
		}
		got = append(got, more...)
	}
	whole := 2 + int(binary.BigEndian.Uint16(got))
	switch {
	case whole == 2:
		return nil, errNoNDEF
	case whole > 2+maxNDEF:
		return nil, errTooBig
	}
	for len(got) < whole {
		more, err := d.readBinary(len(got), min(longest, whole-len(got)))
		if err != nil {
			return nil, err
		}
		got = append(got, more...)
	}
	return got[2:whole], nil
}

func (d *dialogue) selectFile(file uint16) error {
	_, err := d.apdu(0x00, 0xA4, 0x00, 0x0C, 0x02, byte(file>>8), byte(file))
	return err
}

// readBinary asks for n bytes, 1 to 255, and returns at least one and at most n.
func (d *dialogue) readBinary(offset, n int) ([]byte, error) {
	rx, err := d.apdu(0x00, 0xB0, byte(offset>>8), byte(offset), byte(n))
	if err != nil {
		return nil, err
	}
	if len(rx) == 0 || len(rx) > n {
		return nil, ErrTagLost
	}
	return rx, nil
}

// apdu returns the data of an answer with status 9000; any other status is a
// StatusWord.
func (d *dialogue) apdu(tx ...byte) ([]byte, error) {
	rx, err := d.transceive(tx...)
	if err != nil {
		return nil, err
	}
	if len(rx) < 2 {
		return nil, ErrTagLost
	}
	data, sw := rx[:len(rx)-2], StatusWord(binary.BigEndian.Uint16(rx[len(rx)-2:]))
	if sw != 0x9000 {
		return nil, sw
	}
	return data, nil
}
