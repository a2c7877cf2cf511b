// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A bench that was late itself, or had to share the machine, gives no figures.
func TestDisturbedMeasurementIsRefused(t *testing.T) {
	const late = lateLimit + 1
	for name, d := range map[string]disturbance{
		"other programs": {Others: othersLimit + .01},
		"chip":           {ChipLate: late},
		"network":        {NetLate: late},
		"goroutine":      {GoroutineLate: goroutineLimit + 1},
		"thread":         {ThreadLate: late},
	} {
		var busy *busyError
		if err := d.check(); !errors.As(err, &busy) {
			t.Errorf("%s: %v", name, err)
		}
	}

	if err := (disturbance{othersLimit, lateLimit, lateLimit, goroutineLimit, lateLimit}).check(); err != nil {
		t.Error(err)
	}
}

func TestOwnWorkIsTheBenchs(t *testing.T) {
	ours := ourTime()

	// Work is processor time: on a busy machine it takes longer than the clock says.
	for until := processorTime(t) + 100*time.Millisecond; processorTime(t) < until; {
	}

	if worked := ourTime() - ours; worked < 50*time.Millisecond {
		t.Errorf("100 ms of work were %v", worked)
	}
}

// processorTime is what this process has worked (getrusage(2)).
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestMachineWatchSeesOtherPrograms(t *testing.T) {
	w, err := watchMachine()
	if err != nil {
		t.Fatal(err)
	}

	// The shell ends at once, and the loop that it leaves behind is nobody's child. It works for some tenths of a
	// second; Run ends when the loop closes its output.
	began := time.Now()
	orphan := exec.Command("sh", "-c", "(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done) &")
	orphan.Stdout = new(discard)
	if err := orphan.Run(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)

	d, err := w.end(nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if worked := time.Duration(d.Others * float64(took)); worked < 50*time.Millisecond {
		t.Errorf("in %v another program worked for %v only", took, worked)
	}
}

// A discard is not a file: exec gives the program a pipe, and waits for its end.
type discard struct{}

func (*discard) Write(b []byte) (int, error) { return len(b), nil }
