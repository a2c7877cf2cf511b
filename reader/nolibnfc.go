// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || nolibnfc

package reader

import "fmt"

const Libnfc = false // built without libnfc

func openLibnfc(connstring string) (Device, error) {
	return nil, fmt.Errorf("reader %s: %w", connstring, ErrNoLibnfc)
}

// LibnfcVersion tells that there is none.
func LibnfcVersion() string { return "without libnfc" }

func failedStep(error) string { return StepWakeUp }
