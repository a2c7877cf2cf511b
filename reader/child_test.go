// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// When the daemon dies, the child's input ends, and so does the child.
func TestChildEndsWithItsInput(t *testing.T) {
	t.Parallel()
	r := simulatedRig(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	// A child that does not end is killed, and then Wait returns an error.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "child", r.device)
	life, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}

	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, string(EventReady)) {
		t.Errorf("got %q, %v, want %s", line, err, EventReady)
	}

	life.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v", err)
	}
}

// The child reports a missing reader again and again, and opens it when it comes.
func TestChildWaitsForAMissingReader(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	path := filepath.Join(t.TempDir(), "s")
	go func() { ended <- Child(ctx, simulatedPrefix+path, TwoTaps, nil, out) }()
	events := make(chan Event)
	go func() {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			e, err := DecodeEvent(lines.Bytes())
			if err != nil {
				t.Error(err)
			}

			// Nobody takes lines from a child that is to end.
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()

	for range 3 {
		e := nextEvent(t, events)
		if e.Kind != EventFault || !e.Missing || !strings.Contains(e.Err.Error(), path) {
			t.Errorf("got %+v, want it missing, by name", e)
		}
	}

	listener, err := simreader.ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	go simreader.ServeSocket(ctx, listener, simantenna.NewField(), nil)
	e := nextEvent(t, events)
	for e.Kind == EventFault {
		e = nextEvent(t, events)
	}
	if e.Kind != EventReady {
		t.Errorf("got %+v, want it ready", e)
	}

	cancel()
	go io.Copy(io.Discard, in) // a child that nobody reads any more could not end by itself
	if err := await(t, "the child's end", ended); err != nil {
		t.Error(err)
	}
}

// A child whose events nobody reads any more ends.
func TestChildEndsWhenNobodyReadsIt(t *testing.T) {
	before := descriptors(t)
	onEachRig(t, func(t *testing.T, r *rig) {
		in, out := io.Pipe()
		in.CloseWithError(errBroken)
		if err := Child(t.Context(), r.device, TwoTaps, nil, out); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
		r.stop()
		settlesAt(t, "descriptors", before, func() int { return descriptors(t) })
	})
}
