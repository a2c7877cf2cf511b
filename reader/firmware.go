// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package reader

import (
	"errors"
	"strings"

	"github.com/clausecker/nfc/v2"
)

// LibnfcVersion is the version of the libnfc that is linked, "libnfc 1.8.0".
func LibnfcVersion() string { return "libnfc " + strings.TrimRight(nfc.Version(), "\x00") }

// Firmware is the line in which libnfc tells of the chip, "PN532 v1.6".
func (l *libnfc) Firmware() string {
	info, err := l.dev.Information()
	if err != nil {
		return "unknown chip"
	}
	for line := range strings.Lines(info) {
		if chip, ok := strings.CutPrefix(line, "chip:"); ok {
			return strings.TrimSpace(chip)
		}
	}
	return "unknown chip"
}

// failedStep tells in which step an Open failed: with a code of libnfc's the chip
// had answered the wake-up.
func failedStep(err error) string {
	var code nfc.Error
	switch {
	case errors.Is(err, errHeld):
		return StepOpen
	case !errors.As(err, &code):
		return StepWakeUp
	case code == nfc.ECHIP:
		return StepFirmware
	default:
		return StepField
	}
}
