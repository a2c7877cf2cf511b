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

	// The first read covers the capability container and the beginning of a usual tap URL in
	// one FAST_READ, within the smallest NTAG's 20 pages.
	firstRead = pagesPerFastRead * pageSize
)

// Type 2 TLV blocks (T2T 1.0, 2.3).
const (
	tlvNull       = 0x00
	tlvNDEF       = 0x03
	tlvTerminator = 0xFE
)

// readType2 reads the NDEF message of a Type 2 tag, and learns its chip. A tag that answers
// GET_VERSION knows FAST_READ too; one that does not has gone back to idle and is selected
// again. A slow read uses only READ, which every Type 2 tag knows.
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

	for at := pageSize; at < end; {
		b, err := p.upTo(min(at+4, end)) // the longest head: kind, FF, two bytes of length
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
		if kind == tlvNDEF {
			return p.value(at, length)
		}
		at += length
	}
	return nil, errNoNDEF
}

// tlvLength decodes the one- or three-byte length of a TLV; head is the size of
// kind and length together, 0 if the bytes end before they do.
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

// pages is a Type 2 tag's memory from its capability container on, as far as
// it has been read. Reading on is the same read to the chip: the counter of an
// NTAG 22x rises once after power-up, and nothing here powers it down.
type pages struct {
	d    *dialogue
	fast bool // the tag knows FAST_READ
	got  []byte
}

// upTo returns the first n bytes from the capability container on.
func (p *pages) upTo(n int) ([]byte, error) {
	for len(p.got) < n {
		from := ccPage + len(p.got)/pageSize
		if from > 0xFF { // a page's address is one byte
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

// read reads pages from one on: at most so many that they hold n bytes, or four with READ.
func (p *pages) read(from, n int) ([]byte, error) {
	want, tx := pagesPerRead, []byte{cmdRead, byte(from)}
	if p.fast {
		want = min((n+pageSize-1)/pageSize, pagesPerFastRead, 0x100-from)
		tx = []byte{cmdFastRead, byte(from), byte(from + want - 1)}
	}

	rx, err := p.d.transceive(tx...)
	if err != nil {
		return nil, err
	}
	if len(rx) != want*pageSize {
		return nil, ErrTagLost
	}
	return rx, nil
}

// value returns the NDEF message that is a TLV's value.
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
