// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bufio"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tagbase/tagbase-edge/internal/portlock"
	"github.com/tagbase/tagbase-edge/reader"
)

// stepPatience is for one check, of which the longest takes some seconds. A reader that hangs takes libnfc 350 ms for
// a command, but can also take it for ever.
const stepPatience = 30 * time.Second

// A line is one line of JSON from the child: frames and observations as they come, and last the outcome.
type line struct {
	Frame       *Frame       `json:"frame,omitempty"`
	Observation *Observation `json:"observation,omitempty"`
	Outcome     *outcome     `json:"outcome,omitempty"`
}

// An outcome is how a check ended. All is empty if it came to its end.
type outcome struct {
	Why      string `json:"why,omitempty"`      // why the rest of its assumptions were not checked
	Arrange  string `json:"arrange,omitempty"`  // what lies wrong on the reader: an arrangementError
	Unopened string `json:"unopened,omitempty"` // why the reader cannot be opened
	Held     bool   `json:"held,omitempty"`     // because another process has the port
}

// RunOne makes the check of that name with the reader at a connstring, and writes its frames and its outcome to out.
// The key of the report's marks is a line of in. libnfc may abort or hang in it: run it in a process of its own.
func RunOne(device, name string, tags Arrangement, in io.Reader, out io.Writer) error {
	at := slices.IndexFunc(steps, func(s step) bool { return s.name == name && s.tags == tags })
	if at < 0 {
		return fmt.Errorf("there is no check %q with tags %q", name, tags)
	}
	key, err := readKey(in)
	if err != nil {
		return err
	}

	lines := json.NewEncoder(out)
	dev, err := reader.Open(device)
	if err != nil {
		held := errors.Is(err, portlock.ErrHeld)
		return lines.Encode(line{Outcome: &outcome{Unopened: err.Error(), Held: held}})
	}
	defer dev.Close()

	// An error of the pipe shows with the outcome.
	o := steps[at].examine(newRecorder(dev, key, func(l line) { _ = lines.Encode(l) }))
	return lines.Encode(line{Outcome: &o})
}

func readKey(in io.Reader) (key secretKey, err error) {
	text, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return key, fmt.Errorf("the key of the marks: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(b) != len(key) {
		return key, errors.New("the key of the marks is not one")
	}
	return secretKey(b), nil
}

// inChild runs command, which is RunOne in a process of its own. If the process ends early, or does not come back in
// time, what it had found and seen is kept.
func (s step) inChild(ctx context.Context, command []string, key secretKey) (Check, outcome) {
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()

	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = []string{"GOTRACEBACK=none"}
	cmd.WaitDelay = time.Second // something that it started may hold the pipe open
	cmd.Stdin = strings.NewReader(hex.EncodeToString(key[:]) + "\n")
	var words strings.Builder
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return s.result(nil, nil, err.Error()), outcome{Why: err.Error()}
	}

	// Ends with the process, which closes its end of the pipe.
	var done *outcome
	var frames []Frame
	var found []Observation
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue
		}
		if l.Frame != nil {
			frames = append(frames, *l.Frame)
		}
		if l.Observation != nil {
			found = append(found, *l.Observation)
		}
		if l.Outcome != nil {
			done = l.Outcome
		}
	}
	err = cmd.Wait()

	if done == nil {
		done = &outcome{Why: why(ctx, err, words.String())}
	}
	return s.result(found, frames, cmp.Or(done.Unopened, done.Why)), *done
}

// why says how a child ended that gave no outcome.
func why(ctx context.Context, exit error, words string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(words), "\n")
	switch {
	case ctx.Err() != nil:
		return "the reader does not come back"
	case exit == nil:
		return "the reader's process ended"
	case first == "":
		return fmt.Sprintf("the reader's process ended: %v", exit)
	default:
		return fmt.Sprintf("the reader's process ended: %v: %.200q", exit, first)
	}
}
