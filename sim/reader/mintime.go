// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"time"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// MinRead is the least that reading a chip's URL can cost with a PN532, at 115200 baud on the line and 106 kbit/s in
// the air: the fewest commands, with the times of PN532.Timing, from a host that itself takes no time.
type MinRead struct {
	Commands int
	Bytes    int // on the line, both ways
	Time     time.Duration
}

// MinReadOf computes the least read of a chip that gives this URL.
//
// An ISO-DEP chip needs an activation, SELECT of the application, SELECT of the file, and one READ BINARY of exactly
// the bytes that there are. Any other chip needs an activation and as few FAST_READs as the FIFO allows, from the first
// page of its message on.
func MinReadOf(t chip.Target, url string) MinRead {
	var m MinRead

	// InListPassiveTarget is D4 4A 01 00; its answer is D5 4B NbTg, then Tg, SENS_RES (2 bytes), SEL_RES, the length of
	// the UID, the UID, and the ATS with its length.
	selected := 3 + 5 + len(t.UID)
	if t.ISODEP() {
		selected += 1 + len(t.ATS)
	}
	m.add(4, selected, activationTime(t, 1, true, true))

	// InDataExchange puts D4 40 01 in front of an APDU, and D5 41 and a status in front of the response. The responses
	// are a status word twice, and then NLEN (2 bytes), the message and a status word.
	message := len(chip.URIMessage(url))
	if t.ISODEP() {
		for _, apdu := range [][2]int{{13, 2}, {7, 2}, {5, 2 + message + 2}} {
			m.add(3+apdu[0], 3+apdu[1], exchangeTime(apdu[0], apdu[1], true))
		}
		return m
	}

	// InCommunicateThru puts D4 42 in front of a FAST_READ, and D5 43 and a status in front of its answer. The FIFO of
	// 64 bytes holds 15 pages and their CRC. The message's TLV has a head of 2 bytes.
	const pages = 15
	for left := (2 + message + 3) / 4; left > 0; left -= pages {
		answer := 4 * min(left, pages)
		m.add(2+3, 3+answer, frameTime(3+2)+frameTime(answer+2))
	}
	return m
}

// add counts a dialogue: the command, its ACK, the answer, and the time in the air between them.
func (m *MinRead) add(command, answer int, air time.Duration) {
	m.Commands++
	bytes := command + frameOverhead + len(ackFrame) + answer + frameOverhead
	m.Bytes += bytes
	m.Time += time.Duration(bytes)*byteTime + air
}
