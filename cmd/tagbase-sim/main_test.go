// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
)

// runCommand runs tagbase-sim with these arguments and returns what it printed.
func runCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// startReader runs "tagbase-sim reader" until the test ends, and returns the
// socket that it printed.
func startReader(t *testing.T) (socket string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	printed, out := io.Pipe()
	root := rootCommand()
	root.SetArgs([]string{"reader"})
	root.SetOut(out)

	ended := make(chan error, 1)
	go func() {
		err := root.ExecuteContext(ctx)
		out.CloseWithError(io.ErrUnexpectedEOF)
		ended <- err
	}()

	t.Cleanup(func() {
		cancel()
		if err := await.Value(t, "the end of the command", ended); err != nil {
			t.Errorf("the reader ended: %v", err)
		}
	})

	for lines := bufio.NewScanner(printed); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "simulated:"); ok {
			return name
		}
	}

	t.Fatal("the reader printed no socket")
	return ""
}

func TestTagsCommandListsEveryTagOfTheStory(t *testing.T) {
	list, err := runCommand(t, "tags")
	if err != nil {
		t.Fatal(err)
	}

	for _, sc := range scenes {
		if !strings.Contains(list, sc.tag+" ") {
			t.Errorf("the story taps %q, which is not in\n%s", sc.tag, list)
		}
	}
}

func TestTapPutAndRemoveReachARunningReader(t *testing.T) {
	socket := startReader(t)

	for _, args := range [][]string{{"put", "genuine-424"}, {"remove"}, {"tap", "blank", "--for", "1ms"}} {
		if out, err := runCommand(t, append(args, "--socket", socket)...); err != nil {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}

	if _, err := runCommand(t, "put", "nonsense", "--socket", socket); err == nil {
		t.Error("an unknown tag was laid on the reader")
	}
}

func TestTapWithoutABenchSaysWhereTheSocketIs(t *testing.T) {
	_, err := runCommand(t, "tap", "blank", "--socket", t.TempDir()+"/none.sock")
	if err == nil || !strings.Contains(err.Error(), "is the bench running?") {
		t.Errorf("got %v", err)
	}
}

func TestSceneFailsIfOutcomeSessionOrLampDiffers(t *testing.T) {
	sc := scene{outcome: "valid", carries: true, shows: sim.Green}
	scan := sim.ScanLine{Outcome: "valid", CarriedSession: "ses_a", Session: "ses_a"}
	green := sim.Lit{sim.Green: true}
	if !sc.is(scan, green) {
		t.Error("the expected scan failed")
	}

	other, alone := scan, scan
	other.Outcome = "invalid"
	alone.CarriedSession = ""

	for name, failed := range map[string]bool{
		"another outcome":     !sc.is(other, green),
		"no session":          !sc.is(alone, green),
		"red":                 !sc.is(scan, sim.Lit{sim.Red: true}),
		"green and amber":     !sc.is(scan, sim.Lit{sim.Green: true, sim.Amber: true}),
		"no lamp was ever on": !sc.is(scan, sim.Lit{}),
	} {
		if !failed {
			t.Errorf("%s passed", name)
		}
	}
}

func TestSessionTextNamesTheSessionThatWasOpenedOrCarried(t *testing.T) {
	for _, tt := range []struct {
		scan sim.ScanLine
		want string
	}{
		{sim.ScanLine{}, "none"},
		{sim.ScanLine{Session: "ses_a"}, "opens ses_a"},
		{sim.ScanLine{Session: "ses_a", CarriedSession: "ses_a"}, "continues ses_a"},
		{sim.ScanLine{Session: "ses_b", CarriedSession: "ses_a"}, "carried ses_a, the platform answered ses_b"},
	} {
		if got := sessionText(tt.scan); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
