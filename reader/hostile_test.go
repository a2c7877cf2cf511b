// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"time"
)

// hostile is a tag that answers what a script of bytes says: every answer is one byte of
// length and so many bytes; a length of 255 is no answer.
type hostile struct {
	target Target
	bytes  []byte
	sent   int
}

func (h *hostile) Select(int) (Target, error) { return h.target, nil }

func (h *hostile) Transceive(tx []byte, timeout time.Duration) ([]byte, error) {
	h.sent++
	if timeout <= 0 || timeout > maxTapTime {
		return nil, errors.New("a timeout outside of the tap's")
	}

	if len(h.bytes) == 0 || h.bytes[0] == 0xFF {
		h.bytes = h.bytes[min(1, len(h.bytes)):]
		return nil, ErrTagLost
	}

	n := min(int(h.bytes[0]), len(h.bytes)-1)
	rx := h.bytes[1 : 1+n]
	h.bytes = h.bytes[1+n:]
	return rx, nil
}

func (h *hostile) Present() (bool, error) { return true, nil }
func (h *hostile) Deselect() error        { return nil }
func (h *hostile) Cycle() error           { return nil }
func (h *hostile) Close() error           { return nil }

// memory is a Type 2 tag whose every byte the attacker chose.
type memory struct {
	hostile
	pages []byte
}

func (m *memory) Transceive(tx []byte, _ time.Duration) ([]byte, error) {
	m.sent++
	switch {
	case len(tx) == 2 && tx[0] == cmdRead:
		return m.read(int(tx[1]), pagesPerRead), nil
	case len(tx) == 3 && tx[0] == cmdFastRead && tx[1] <= tx[2]:
		return m.read(int(tx[1]), int(tx[2])-int(tx[1])+1), nil
	case len(tx) == 1 && tx[0] == cmdGetVersion:
		return []byte{0, 4, 4, 2, 4, 0, 0x0F, 3}, nil
	default:
		return nil, ErrTagLost
	}
}

// read rolls over at the end of the memory, as chips do.
func (m *memory) read(from, pages int) []byte {
	out := make([]byte, pages*pageSize)
	for i := range out {
		if len(m.pages) > 0 {
			out[i] = m.pages[(from*pageSize+i)%len(m.pages)]
		}
	}
	return out
}
