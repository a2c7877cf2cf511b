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

	// libnfc's driver for the ACR122 uses one byte of the answer's length: its head, data, SW1 SW2 and the
	// ACR122's own 90 00 must fit 255 bytes (libnfc 1.8.0, acr122_usb.c). The PN532 itself could give 262.
	longRead = 0xF8
)

// readType4 reads the NDEF message of a Type 4 tag: with three commands where an NTAG 424 DNA
// has it, or else through the capability container (NFC Forum T4T 2.0, 5.4).
func readType4(d *dialogue) ([]byte, error) {
	var sw StatusWord
	if _, err := d.apdu(selectApplication...); errors.As(err, &sw) {
		return nil, errUnsupported
	} else if err != nil {
		return nil, err
	}

	// Another card says by a status word that its file is elsewhere, or takes shorter reads.
	message, err := d.readNTAG424File()
	if errors.As(err, &sw) {
		return d.readByContainer()
	}
	return message, err
}

// readNTAG424File reads the file where an NTAG 424 DNA has it. The tags of one station have URLs of one
// length, so the first READ BINARY asks for as many bytes as the last tag's file held, and a longer
// file is read on. A byte too many costs about 0.1 ms in the air and as much on a line of 115200 bits/s, since
// the chip sends whatever stands behind the message. A URL beyond shortRead would cost a second command.
func (d *dialogue) readNTAG424File() ([]byte, error) {
	longest := shortRead // which every card with NDEF should take
	if chipOf(d.target) == ChipNTAG424 {
		longest = longRead
	}
	first := shortRead
	if d.fileSize > 0 {
		first = min(d.fileSize, longest)
	}

	message, err := d.readFile(ndefFile, first, longest)
	if err == nil {
		d.fileSize = 2 + len(message)
	}
	return message, err
}

// readByContainer finds the NDEF file and the longest read in the capability
// container. It asks for the file's length first, since there are cards that refuse a read
// beyond the end of their file.
func (d *dialogue) readByContainer() ([]byte, error) {
	var cc []byte
	err := d.selectFile(ccFile)
	if err == nil {
		cc, err = d.readBinary(0, 15)
	}
	var sw StatusWord
	if errors.As(err, &sw) {
		return nil, errNoNDEF
	}
	if err != nil {
		return nil, err
	}

	file, longest, err := parseContainer(cc)
	if err != nil {
		return nil, err
	}

	message, err := d.readFile(file, min(2, longest), longest)
	if errors.As(err, &sw) {
		return nil, errNoNDEF
	}
	return message, err
}

// parseContainer takes the first 15 bytes of a capability container: CCLEN, version,
// MLe, MLc, and the NDEF file control TLV 04 06 id size read write
// (NFC Forum T4T 2.0, 5.1).
func parseContainer(cc []byte) (file uint16, longest int, err error) {
	if len(cc) < 15 || cc[7] != 0x04 || cc[8] < 6 || cc[13] != 0x00 {
		return 0, 0, errNoNDEF
	}
	longest = int(binary.BigEndian.Uint16(cc[3:]))
	if longest == 0 {
		return 0, 0, errNoNDEF
	}
	return binary.BigEndian.Uint16(cc[9:]), min(longest, longRead), nil
}

// readFile reads a whole NDEF file: two bytes of length (NLEN), and the message. The first read asks for
// first bytes, the others for what is missing, at most longest each. Nothing else is sent between them, so that
// an NTAG 424 DNA fills them all for one count (NT4H2421Gx, 9.3.1).
func (d *dialogue) readFile(file uint16, first, longest int) ([]byte, error) {
	if err := d.selectFile(file); err != nil {
		return nil, err
	}
	got, err := d.readBinary(0, first)
	if err == nil {
		got, err = d.readOn(got, 2, longest)
	}
	if err != nil {
		return nil, err
	}

	whole := 2 + int(binary.BigEndian.Uint16(got))
	switch {
	case whole == 2:
		return nil, errNoNDEF
	case whole > 2+maxNDEF:
		return nil, errTooBig
	}
	if got, err = d.readOn(got, whole, longest); err != nil {
		return nil, err
	}
	return got[2:whole], nil
}

// readOn reads what is missing of the file's first n bytes.
func (d *dialogue) readOn(got []byte, n, longest int) ([]byte, error) {
	for len(got) < n {
		more, err := d.readBinary(len(got), min(longest, n-len(got)))
		if err != nil {
			return nil, err
		}
		got = append(got, more...)
	}
	return got, nil
}

// selectFile is SELECT by file id, without an answer that we would have to read (P2 0C).
func (d *dialogue) selectFile(file uint16) error {
	_, err := d.apdu(0x00, 0xA4, 0x00, 0x0C, 0x02, byte(file>>8), byte(file))
	return err
}

// readBinary asks for n bytes, 1 to longRead, and returns at least one and at most n.
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
