// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// A boardKind decides which serial port a board's header pins 8 and 10 (GPIO14 and 15) are: Raspberry Pi
// documentation, "Configure UARTs".
type boardKind int

const (
	otherBoard boardKind = iota
	plainPi              // 1, 2, Zero, CM1, CM3: the PL011, ttyAMA0
	radioPi              // with Bluetooth on the PL011: the mini-UART, ttyS0
	pi5                  // 5, 500, CM5: the RP1's UART0, ttyAMA0, if it is switched on
)

// boardOf takes the name in the device tree, such as "Raspberry Pi 4 Model B Rev 1.4".
func boardOf(model string) boardKind {
	name, ok := strings.CutPrefix(model, "Raspberry Pi ")
	if !ok {
		return otherBoard
	}

	starts := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	switch {
	case starts("5", "Compute Module 5"):
		return pi5
	case starts("3", "4", "Zero 2", "Zero W", "Compute Module 4"):
		return radioPi
	default:
		return plainPi
	}
}

// uart is the port on GPIO14 and 15 under the present config.txt.
func (m machine) uart() string {
	// An overlay that moves Bluetooth away gives the PL011 back to the header.
	if m.board == radioPi && !m.config.overlay("disable-bt", "pi3-disable-bt", "miniuart-bt", "pi3-miniuart-bt") {
		return "/dev/ttyS0"
	}
	return "/dev/ttyAMA0"
}

// serial0 is the port that console=serial0 means: on a Pi 5 the debug port between the HDMI sockets.
func (m machine) serial0() string {
	if m.board == pi5 {
		return "/dev/ttyAMA10"
	}
	return m.uart()
}

// checkBoard says which board and system this is. It is never wrong: a station needs no Raspberry Pi.
func checkBoard(e *examination) []Finding {
	const check = "board"
	m := e.machine
	system := m.release["PRETTY_NAME"]

	switch {
	case m.board != otherBoard:
		return []Finding{fine(check, fmt.Sprintf("%s, %s", m.model, orElse(system, "an unknown system")))}
	case m.model != "":
		found := fmt.Sprintf("%q is not a Raspberry Pi; its own manual says how its ports are switched on", m.model)
		return []Finding{fine(check, found)}
	default:
		return []Finding{skipped(check, "no device tree: not a single-board computer")}
	}
}
