// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"time"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// A MinRead is the least that a host can get a chip's URL for, with a PN532 at 115200 baud and 106 kbit/s: the times of
// Timing for the fewest commands, and a host that takes no time at all.
type MinRead struct {
	Commands int
	Bytes    int // on the line, both ways
	Time     time.Duration
}

// MinReadOf is the floor of a chip that gives the URL. An ISO-DEP chip is selected, and then takes SELECT of the
// application, SELECT of the file, and one READ BINARY of exactly what there is; any other takes as few FAST_READs as the
// FIFO allows, from the first page of its message on.
func MinReadOf(t chip.Target, url string) MinRead {
	var f MinRead
	selected := 3 + 5 + len(t.UID)
	if t.ISODEP() {
		selected += 1 + len(t.ATS)
	}
	f.add(4, selected, activationTime(t, 1, true, true)) // D4 4A 01 00
	message := len(chip.URIMessage(url))
	if t.ISODEP() {
		for _, apdu := range [][2]int{{13, 2}, {7, 2}, {5, 2 + message + 2}} {
			f.add(3+apdu[0], 3+apdu[1], exchangeTime(apdu[0], apdu[1], true)) // D4 40 01, D5 41 status
		}
		return f
	}
	const pages = 15 // FIFO of 64 bytes, and CRC
	for left := (2 + message + 3) / 4; left > 0; left -= pages {
		answer := 4 * min(left, pages)
		f.add(2+3, 3+answer, frameTime(3+2)+frameTime(answer+2)) // D4 42, D5 43 status
	}
	return f
}

func (f *MinRead) add(command, answer int, air time.Duration) {
	f.Commands++
	bytes := command + frameOverhead + len(ackFrame) + answer + frameOverhead
	f.Bytes += bytes
	f.Time += time.Duration(bytes)*byteTime + air
}
