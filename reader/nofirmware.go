// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || nolibnfc

package reader

// LibnfcVersion tells that there is none.
func LibnfcVersion() string { return "without libnfc" }

func failedStep(error) string { return StepWakeUp }
