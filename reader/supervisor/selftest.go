// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"syscall"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
)

// SelfTestInChild runs command, which is reader.SelfTest in a process of its own, and returns its steps. If the
// process ends early, or does not come back before ctx ends, the step that it was in has failed.
func SelfTestInChild(ctx context.Context, command []string) []reader.SelfTestStep {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = []string{"GOTRACEBACK=none"}
	cmd.WaitDelay = time.Second // something that it started may hold the pipe open
	words := &firstWords{}
	cmd.Stderr = words
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return []reader.SelfTestStep{{Name: reader.StepOpen, Err: err.Error()}}
	}

	// Ends with the process, which closes its end of the pipe.
	var done []reader.SelfTestStep
	for s := bufio.NewScanner(out); s.Scan(); {
		var step reader.SelfTestStep
		if json.Unmarshal(s.Bytes(), &step) == nil {
			done = append(done, step)
		}
	}
	err = cmd.Wait()
	if len(done) == len(reader.SelfTestSteps) || len(done) > 0 && done[len(done)-1].Err != "" {
		return done
	}

	if ctx.Err() != nil {
		err = errors.New("the reader does not come back from this step")
	} else {
		err = words.explain(err)
	}
	return append(done, reader.SelfTestStep{Name: reader.SelfTestSteps[len(done)], Err: err.Error(), Aborted: true})
}
