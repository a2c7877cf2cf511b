// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// After a reader that was well comes a new child. If that cannot bring the reader back, the reset line
// is pulsed before every further one.
func TestResetLineIsPulsedWhenANewChildDidNotHelp(t *testing.T) {
	var l ladder
	for i, step := range []struct {
		left  readerState
		lived time.Duration
		reset bool
		delay time.Duration
	}{
		{readerWell, time.Second, false, firstDelay},
		{readerSilent, time.Second, false, 2 * firstDelay},
		{readerSilent, time.Second, true, 4 * firstDelay},
		{readerSilent, time.Second, true, lastDelay},
		{readerAbsent, time.Second, false, lastDelay},
		{readerSilent, healthy, false, firstDelay},
		{readerSilent, time.Second, true, 2 * firstDelay},
		{readerWell, healthy, false, firstDelay},
	} {
		reset, delay := l.childEnded(step.left, step.lived)
		if reset != step.reset || delay != step.delay {
			t.Errorf("step %d: reset %v after %v, want %v after %v", i, reset, delay, step.reset, step.delay)
		}
	}
}

var errBroken = errors.New("input/output error")

// A recordedResetLine writes down what is done to it, and when.
type recordedResetLine struct {
	start time.Time
	did   []string
	fails error
}

func (w *recordedResetLine) Set(on bool) error {
	w.did = append(w.did, map[bool]string{true: "low", false: "high"}[on]+" at "+time.Since(w.start).String())
	return w.fails
}

func (w *recordedResetLine) Close() error {
	w.did = append(w.did, "closed at "+time.Since(w.start).String())
	return nil
}

// RSTPDN is low for 100 ms, and the chip has 200 ms to start. A line that fails is
// closed, too.
func TestPulseResetsAndGivesTheLineBack(t *testing.T) {
	for _, fails := range []error{nil, errBroken} {
		synctest.Test(t, func(t *testing.T) {
			w := &recordedResetLine{start: time.Now(), fails: fails}
			err := pulse(func() (ResetLine, error) { return w, nil })
			if !errors.Is(err, fails) {
				t.Errorf("got %v, want %v", err, fails)
			}

			if want := []string{"low at 0s", "high at 100ms", "closed at 300ms"}; !slices.Equal(w.did, want) {
				t.Errorf("it was %v, want %v", w.did, want)
			}
		})
	}
	if err := pulse(func() (ResetLine, error) { return nil, errBroken }); !errors.Is(err, errBroken) {
		t.Errorf("a line that cannot be opened: %v", err)
	}
}
