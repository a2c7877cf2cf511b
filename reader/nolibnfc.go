// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || nolibnfc

package reader

import "fmt"

// Libnfc reports whether the program was built with libnfc.
const Libnfc = false

func openLibnfc(connstring string) (Device, error) {
	return nil, fmt.Errorf("reader %s: %w", connstring, ErrNoLibnfc)
}

// LibnfcVersion says that no libnfc is linked.
func LibnfcVersion() string { return "without libnfc" }

func failedStep(error) string { return StepWakeUp }
