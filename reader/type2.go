// SPDX-License-Identifier: Apache-2.0

package reader

import "errors"

// Commands and sizes of NFC Forum Type 2 tags (T2T 1.0, 5; NTAG 21x: NTAG213_215_216, 10).
const (
	cmdRead       = 0x30 // 16 bytes from a page on
	cmdFastRead   = 0x3A // whole pages from, to
	cmdGetVersion = 0x60

	pageSize     = 4
	ccPage       = 3
	pagesPerRead = 4
	// The PN532 takes one frame of 64 bytes with its CRC from its FIFO: 15 pages.
	pagesPerFastRead = 15
)

// pages is a Type 2 tag's memory from its capability container on, as far as
// it has been read. Reading on is the same read to the chip: the counter of an
// NTAG 22x rises once after power-up, and nothing here powers it down.
type pages struct {
	d    *dialogue
	fast bool
	got  []byte
}

// upTo returns the first n bytes from the capability container on.
func (p *pages) upTo(n int) ([]byte, error) {
	for len(p.got) < n {
		from := ccPage + len(p.got)/pageSize
		if from > 0xFF {
			return nil, errTooBig
		}
		more, err := p.read(from, n-len(p.got))
		if err != nil {
			return nil, err
		}
		p.got = append(p.got, more...)
	}
	return p.got[:n], nil
}

func (p *pages) read(from, n int) ([]byte, error) {
	if !p.fast {
		return p.answer(pagesPerRead, cmdRead, byte(from))
	}
	want := min((n+pageSize-1)/pageSize, pagesPerFastRead, 0x100-from)
	return p.answer(want, cmdFastRead, byte(from), byte(from+want-1))
}

func (p *pages) answer(pages int, tx ...byte) ([]byte, error) {
	rx, err := p.d.transceive(tx...)
	if err != nil {
		return nil, err
	}
	if len(rx) != pages*pageSize {
		return nil, ErrTagLost
	}
	return rx, nil
}

// readType2 gives the NDEF message of a Type 2 tag. A tag that answers
// GET_VERSION says what chip it is and knows FAST_READ too; one that does not
// has gone back to idle and is selected again. A second try is slow: with READ,
// which every Type 2 tag knows.
func readType2(d *dialogue, chip *Chip, slow bool) ([]byte, error) {
	if slow {
		return readTLVs(&pages{d: d})
	}
	version, err := d.transceive(cmdGetVersion)
	if errors.Is(err, ErrTagLost) {
		if err := d.again(); err != nil {
			return nil, err
		}
		return readTLVs(&pages{d: d})
	}
	if err != nil {
		return nil, err
	}
	*chip = chipOfVersion(version)
	return readTLVs(&pages{d: d, fast: true})
}

// Type 2 TLV blocks (T2T 1.0, 2.3).
const (
	tlvNull       = 0x00
	tlvNDEF       = 0x03
	tlvTerminator = 0xFE
)

// firstRead covers the capability container and a usual tap URL's beginning in
// one FAST_READ, within the smallest NTAG's 20 pages.
const firstRead = pagesPerFastRead * pageSize

// readTLVs walks the data area to the first NDEF message TLV. Lock control and
// memory control TLVs are skipped like any other: the areas they reserve lie
// behind the data area in every NTAG.
func readTLVs(p *pages) ([]byte, error) {
	cc, err := p.upTo(firstRead)
	if err != nil {
		return nil, err
	}
	// CC: magic E1, major version 1, size in 8 bytes, read access 0 (T2T 1.0, 6.1).
	if cc[0] != 0xE1 || cc[1]>>4 != 1 || cc[3]>>4 != 0 {
		return nil, errNoNDEF
	}
	end := pageSize + int(cc[2])*8
	at := pageSize
	for at < end {
		b, err := p.upTo(min(at+4, end))
		if err != nil {
			return nil, err
		}
		kind := b[at]
		if kind == tlvNull {
			at++
			continue
		}
		if kind == tlvTerminator {
			return nil, errNoNDEF
		}
		length, head := tlvLength(b[at:])
		at += head
		if head == 0 || at+length > end {
			return nil, errNoNDEF
		}
		if kind != tlvNDEF {
			at += length
			continue
		}
		return p.value(at, length)
	}
	return nil, errNoNDEF
}

func (p *pages) value(at, length int) ([]byte, error) {
	if length == 0 {
		return nil, errNoNDEF
	}
	if length > maxNDEF {
		return nil, errTooBig
	}
	b, err := p.upTo(at + length)
	if err != nil {
		return nil, err
	}
	return b[at:], nil
}

// tlvLength decodes the one- or three-byte length of a TLV; head is the size of
// tag and length together, 0 if the bytes end before they do.
func tlvLength(b []byte) (length, head int) {
	switch {
	case len(b) >= 2 && b[1] != 0xFF:
		return int(b[1]), 2
	case len(b) >= 4:
		return int(b[2])<<8 | int(b[3]), 4
	default:
		return 0, 0
	}
}
