// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A SelfTestStep is one step on the way to a reader that works, and what came of it.
type SelfTestStep struct {
	Name    string `json:"step"`
	Found   string `json:"found,omitempty"`
	Err     string `json:"error,omitempty"`
	Aborted bool   `json:"aborted,omitempty"` // libnfc ended its process
}

// The steps, in their order: the device's node opens, the chip wakes up, it tells
// its version, and it can ask the field for a tag.
const (
	StepOpen     = "open"
	StepWakeUp   = "wake-up"
	StepFirmware = "firmware"
	StepField    = "field"
)

var steps = []string{StepOpen, StepWakeUp, StepFirmware, StepField}

// versioned is a device that tells which chip it is and its version.
type versioned interface{ Firmware() string }

// SelfTest tries device step by step, in a process of its own, and writes each to
// out as a line of JSON. It ends with the first that fails.
func SelfTest(device string, out io.Writer) error {
	tell := json.NewEncoder(out)
	if err := openNode(device); err != nil {
		return tell.Encode(SelfTestStep{Name: StepOpen, Err: err.Error()})
	}
	tell.Encode(SelfTestStep{Name: StepOpen, Found: device + " opens"})
	dev, err := Open(device)
	if err != nil {
		failed := failedStep(err)
		for _, before := range steps[1:max(1, slices.Index(steps, failed))] {
			tell.Encode(SelfTestStep{Name: before, Found: "the chip answered"})
		}
		return tell.Encode(SelfTestStep{Name: failed, Err: err.Error()})
	}
	defer dev.Close()
	tell.Encode(SelfTestStep{Name: StepWakeUp, Found: "the chip answers"})
	version := "simulated"
	if v, ok := dev.(versioned); ok {
		version = v.Firmware()
	}
	tell.Encode(SelfTestStep{Name: StepFirmware, Found: version})
	switch t, err := dev.Select(1); {
	case errors.Is(err, ErrNoTag):
		return tell.Encode(SelfTestStep{Name: StepField, Found: "on, without a tag in it"})
	case err != nil:
		return tell.Encode(SelfTestStep{Name: StepField, Err: err.Error()})
	default:
		return tell.Encode(SelfTestStep{Name: StepField, Found: fmt.Sprintf("on, with tag %x in it", t.UID)})
	}
}

// openNode opens a device's file and closes it again.
func openNode(device string) error {
	c := parseConnstring(device)
	if !c.IsFile() || strings.HasPrefix(device, simulatedPrefix) {
		return nil
	}
	f, err := os.OpenFile(c.Path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// SelfTestInChild runs command, which is SelfTest in a process of its own, since
// libnfc may abort or hang. A step in which the process ends is that one's fault.
func SelfTestInChild(ctx context.Context, command []string) []SelfTestStep {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = []string{"GOTRACEBACK=none"}
	cmd.WaitDelay = time.Second
	words := &tail{}
	cmd.Stderr = words
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return []SelfTestStep{{Name: StepOpen, Err: err.Error()}}
	}
	var done []SelfTestStep
	for s := bufio.NewScanner(out); s.Scan(); {
		var step SelfTestStep
		if json.Unmarshal(s.Bytes(), &step) == nil {
			done = append(done, step)
		}
	}
	err = cmd.Wait()
	if len(done) == len(steps) || len(done) > 0 && done[len(done)-1].Err != "" {
		return done
	}
	if ctx.Err() != nil {
		err = errors.New("the reader does not come back from this step")
	} else {
		err = words.explain(err)
	}
	return append(done, SelfTestStep{Name: steps[len(done)], Err: err.Error(), Aborted: true})
}
