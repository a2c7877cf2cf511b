// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"io"
	"time"
)

// frameKind is a kind of frame between host and PN532 (UM0701-02 section 6.2.1). Without preamble and postamble they
// are:
//
//	00 FF LEN LCS TFI PD0…PDn DCS              information; LEN counts from TFI; LEN+LCS = 0, TFI+…+DCS = 0
//	00 FF FF FF LENM LENL LCS TFI PD0…PDn DCS  the same with more than 255 bytes
//	00 FF 00 FF                                ACK
//	00 FF FF 00                                NACK
//	00 FF 01 FF 7F 81                          the chip's syntax error
type frameKind int

const (
	frameInformation frameKind = iota
	frameACK
	frameNACK
)

// The first byte of an information frame: TFI.
const (
	tfiHost  = 0xD4
	tfiPN532 = 0xD5
)

// dataMax is the longest TFI and PD0…PDn, in bytes (UM0701-02 section 6.2.1.2).
const dataMax = 265

// frameOverhead is how many bytes a frame of up to 255 bytes of TFI and PD0…PDn has beside them: preamble, start code
// (2 bytes), LEN, LCS, DCS, postamble.
const frameOverhead = 7

var (
	nackFrame  = []byte{0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00}
	ackFrame   = []byte{0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00}
	errorFrame = []byte{0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00}
)

type frame struct {
	kind  frameKind
	data  []byte    // TFI and PD0…PDn
	wakes bool      // a wake-up preamble (55 55 00 …, or ten zeros) came before it
	at    time.Time // when its last byte had arrived, at the pace of the line
}

// wakingZeros is how many bytes 00 in front of a start code wake the chip: nfcpy sends ten, and then the frame's
// preamble (recording uart-start-nfcpy). Any byte does, since the chip counts edges; an 0x55 has more of them.
const wakingZeros = 10

// frameScanner cuts a host's bytes into frames.
type frameScanner struct {
	r      io.ByteReader
	before byte // the byte in front of the next one
	zeros  int  // how many bytes 00 are in front of the next one
}

func newFrameScanner(r io.ByteReader) *frameScanner { return &frameScanner{r: r, before: 0xFF} }

func (s *frameScanner) read(n int) ([]byte, error) {
	data := make([]byte, n)
	for i := range data {
		b, err := s.r.ReadByte()
		if err != nil {
			return nil, err
		}

		data[i], s.before = b, b
		if s.zeros++; b != 0x00 {
			s.zeros = 0
		}
	}
	return data, nil
}

// next returns the next sound frame. It skips everything else in silence, as the chip does; the host then misses its
// ACK.
func (s *frameScanner) next() (frame, error) {
	var f frame
	for {
		before, zeros := s.before, s.zeros
		b, err := s.read(1)
		if err != nil {
			return frame{}, err
		}

		if b[0] == 0x55 || zeros > wakingZeros && b[0] == 0xFF {
			f.wakes = true
		}
		if before != 0x00 || b[0] != 0xFF { // not a start code
			continue
		}

		sound, err := s.body(&f)
		if err != nil {
			return frame{}, err
		}
		if sound {
			return f, nil
		}
	}
}

// body reads what follows the start code, and reports whether lengths and checksums are right.
func (s *frameScanner) body(f *frame) (sound bool, err error) {
	head, err := s.read(2)
	if err != nil {
		return false, err
	}

	length, sum := int(head[0]), checksum(head)
	switch {
	case head[0] == 0x00 && head[1] == 0xFF:
		f.kind = frameACK
		return true, nil
	case head[0] == 0xFF && head[1] == 0x00:
		f.kind = frameNACK
		return true, nil
	case head[0] == 0xFF && head[1] == 0xFF: // extended: two bytes of length, and a checksum over both
		if head, err = s.read(3); err != nil {
			return false, err
		}
		length, sum = int(head[0])<<8|int(head[1]), checksum(head)
	}

	// With a broken length nothing more is read: the next start code may be in what follows.
	if sum != 0 || length == 0 || length > dataMax {
		return false, nil
	}

	data, err := s.read(length + 1)
	if err != nil {
		return false, err
	}
	f.kind, f.data = frameInformation, data[:length]
	return checksum(data) == 0, nil
}

// encodeFrame wraps TFI and PD0…PDn in a frame.
func encodeFrame(data []byte) []byte {
	n := len(data)
	out := []byte{0x00, 0x00, 0xFF, byte(n), -byte(n)}
	if n > 255 {
		high, low := byte(n>>8), byte(n)
		out = []byte{0x00, 0x00, 0xFF, 0xFF, 0xFF, high, low, -(high + low)}
	}

	out = append(out, data...)
	return append(out, -checksum(data), 0x00)
}

func checksum(data []byte) (sum byte) {
	for _, b := range data {
		sum += b
	}
	return sum
}
