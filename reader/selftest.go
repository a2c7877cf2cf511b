// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A SelfTestStep is one step on the way to a reader that works, and what came of it: Found or Err.
type SelfTestStep struct {
	Name    string `json:"step"`
	Found   string `json:"found,omitempty"`
	Err     string `json:"error,omitempty"`
	Aborted bool   `json:"aborted,omitempty"` // libnfc aborted or hung in this step
}

// The steps, in their order: the device's node opens, the chip wakes up, it tells its version, it asks for a tag.
const (
	StepOpen     = "open"
	StepWakeUp   = "wake-up"
	StepFirmware = "firmware"
	StepField    = "field"
)

// SelfTestSteps are all steps, in their order.
var SelfTestSteps = []string{StepOpen, StepWakeUp, StepFirmware, StepField}

// versioned is a device that tells which chip it is and its version. Only a libnfc device does; a simulated
// one has no firmware. The assertion to it also compiles without libnfc.
type versioned interface{ Firmware() string }

// SelfTest tries the device step by step, and writes every step to out as a line of
// JSON. It ends with the first that fails. libnfc may abort in it: run it in a process of its own.
func SelfTest(device string, out io.Writer) error {
	lines := json.NewEncoder(out)
	passed := func(step, found string) error { return lines.Encode(SelfTestStep{Name: step, Found: found}) }
	failed := func(step string, err error) error { return lines.Encode(SelfTestStep{Name: step, Err: err.Error()}) }

	if err := openNode(device); err != nil {
		return failed(StepOpen, err)
	}
	passed(StepOpen, device+" opens")

	dev, err := Open(device)
	if err != nil {
		at := failedStep(err)
		for _, before := range SelfTestSteps[1:max(1, slices.Index(SelfTestSteps, at))] {
			passed(before, "the chip answered")
		}
		return failed(at, err)
	}
	defer dev.Close()
	passed(StepWakeUp, "the chip answers")

	version := "simulated"
	if v, ok := dev.(versioned); ok {
		version = v.Firmware()
	}
	passed(StepFirmware, version)

	switch t, err := dev.Select(1); {
	case errors.Is(err, ErrNoTag):
		return passed(StepField, "on, without a tag in it")
	case err != nil:
		return failed(StepField, err)
	default:
		return passed(StepField, fmt.Sprintf("on, with tag %x in it", t.UID))
	}
}

// openNode opens a device's file, if it has one, and closes it again.
func openNode(device string) error {
	c := parseConnstring(device)
	if !c.IsFile() || strings.HasPrefix(device, simulatedPrefix) {
		return nil
	}

	// O_NONBLOCK: an open of a serial port may wait for its carrier.
	f, err := os.OpenFile(c.Path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
