// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ACK is the PN532's ACK frame (UM0701-02 section 6.2.1.3).
var ACK = []byte{0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00}

// Frame wraps up to 255 bytes, D4 or D5 and what follows, in a frame of the PN532 (UM0701-02 section 6.2.1.1).
func Frame(data ...byte) []byte {
	sum := byte(0)
	for _, b := range data {
		sum += b
	}

	n := byte(len(data))
	return slices.Concat([]byte{0x00, 0x00, 0xFF, n, -n}, data, []byte{-sum, 0x00})
}

// Wire returns the bytes between host and PN532 that stand for a command or an answer of the recording. In the layers
// CCID and APDU these are the frames that the bench puts around them; the ACK is in no step.
func (r Recording) Wire(s Step) ([]byte, error) {
	command := s.Mark == Command
	switch {
	case r.Layer == PN532 || s.Mark == Preparation:
		return s.Data, nil
	case r.Layer == CCID && command:
		inner, err := trimCCID(s.Data, 0x6F)
		if err != nil {
			return nil, err
		}
		// ACR122U's Direct Transmit: FF 00 00 00 Lc, then the PN532's command.
		if len(inner) < 5 || [4]byte(inner) != [4]byte{0xFF} || int(inner[4]) != len(inner)-5 {
			return nil, errors.New("not a Direct Transmit")
		}
		return Frame(inner[5:]...), nil
	case r.Layer == CCID:
		inner, err := trimCCID(s.Data, 0x80)
		if err != nil {
			return nil, err
		}
		if len(inner) < 2 || [2]byte(inner[len(inner)-2:]) != [2]byte{0x90, 0x00} {
			return nil, errors.New("not an answer with 90 00")
		}
		return Frame(inner[:len(inner)-2]...), nil
	case r.Layer == APDU && command:
		return Frame(append([]byte{0xD4, 0x40, 0x01}, s.Data...)...), nil
	case r.Layer == APDU:
		return Frame(append([]byte{0xD5, 0x41, 0x00}, s.Data...)...), nil
	}
	return nil, fmt.Errorf("layer %s has nothing between host and PN532", r.Layer)
}

// trimCCID takes the head of a CCID message off: its type, the length of what follows in four bytes, five bytes of
// slot, sequence and status (CCID 1.1 sections 6.1.4 and 6.2.1).
func trimCCID(message []byte, kind byte) ([]byte, error) {
	const head = 10
	if len(message) < head || message[0] != kind {
		return nil, fmt.Errorf("not a CCID message of type %02X", kind)
	}
	if n := binary.LittleEndian.Uint32(message[1:]); int(n) != len(message)-head {
		return nil, fmt.Errorf("CCID length %d, but %d bytes follow", n, len(message)-head)
	}
	return message[head:], nil
}
