// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// A boardKind is how a board's header pins 8 and 10 (GPIO14 and 15) come to be a
// serial port: Raspberry Pi documentation, "Configure UARTs".
type boardKind int

const (
	otherBoard boardKind = iota
	plainPi              // 1, 2, Zero, CM1, CM3: the PL011, ttyAMA0
	radioPi              // with Bluetooth on the PL011: the mini-UART, ttyS0
	pi5                  // 5, 500, CM5: the RP1's UART0, ttyAMA0, if it is switched on
)

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

// uart is the port that GPIO14 and 15 are without further ado, and with config.txt as it is.
func (m machine) uart() string {
	if m.board == radioPi && !m.config.overlay("disable-bt", "pi3-disable-bt", "miniuart-bt", "pi3-miniuart-bt") {
		return "/dev/ttyS0"
	}
	return "/dev/ttyAMA0"
}

// serial0 is what the name stands for: on a Pi 5 the debug port between the HDMI sockets.
func (m machine) serial0() string {
	if m.board == pi5 {
		return "/dev/ttyAMA10"
	}
	return m.uart()
}

func board(e *exam) []Finding {
	m := e.machine
	system := m.release["PRETTY_NAME"]
	switch {
	case m.board != otherBoard:
		return []Finding{fine("board", fmt.Sprintf("%s, %s", m.model, orElse(system, "an unknown system")))}
	case m.model != "":
		return []Finding{fine("board", fmt.Sprintf("%q is not a Raspberry Pi; how its ports are switched on is in its own manual", m.model))}
	default:
		return []Finding{skipped("board", "no device tree: not a single-board computer")}
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
