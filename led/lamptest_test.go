// SPDX-License-Identifier: Apache-2.0

package led

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The test lights each lamp by itself, then shows every pattern, and at its end the
// service code that waited is shown again.
func TestLampTestShowsEachLampThenEachPattern(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.Service(2)
		advance(time.Second / 8)
		begun := time.Now()
		var steps []string
		if err := r.Test(t.Context(), func(step string) { steps = append(steps, step) }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 45*time.Second {
			t.Errorf("it took %v", took)
		}

		for _, signal := range signalNames[1:] {
			word := map[string]string{"again": "tap again"}[signal]
			if word == "" {
				word = signal
			}
			if !slices.ContainsFunc(steps, func(s string) bool { return strings.HasPrefix(s, word+": ") }) {
				t.Errorf("%s was not shown: %q", signal, steps)
			}
		}

		synctest.Wait()
		first := []string{
			"0s amber on", "125ms amber off",
			"125ms green on", "1.125s green off",
			"1.525s red on", "2.525s red off",
			"2.925s amber on", "3.925s amber off",
			"4.325s amber on", "5.325s amber off",
		}
		shown := r.changesSoFar()
		if diff := cmp.Diff(first, shown[:len(first)], sameInstant); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}

		advance(4 * time.Second)
		if after := r.changesSoFar()[len(shown):]; len(after) < 6 {
			t.Errorf("after it the service code is not shown: %q", after)
		}

		r.closeAndCheck()
	})
}

func (r *recordedLamps) changesSoFar() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.changes)
}

// A tap ends the test at once, at any moment of it. Then only the lamp that the tap lights is lit.
func TestTapInterruptsLampTestAtAnyMoment(t *testing.T) {
	for at := 100 * ms; at < 36*time.Second; at += 700 * ms {
		synctest.Test(t, func(t *testing.T) {
			r := newRecordedLamps(t)

			ended := make(chan error)
			go func() { ended <- r.Test(t.Context(), func(string) {}) }()
			advance(at)
			r.Show(Reading)
			if got, want := r.litNow(), [lampCount]bool{amber: true}; got != want {
				t.Errorf("after %v a tap lights %v, want %v", at, got, want)
			}

			select {
			case err := <-ended:
				if !errors.Is(err, ErrInterrupted) {
					t.Errorf("the test ended with %v, want %v", err, ErrInterrupted)
				}
			default:
				t.Errorf("the test goes on although a tap came")
				<-ended
			}

			advance(20 * time.Second)
			if got, want := r.litNow(), [lampCount]bool{amber: true}; got != want {
				t.Errorf("long after the test %v is lit, want %v", got, want)
			}

			r.closeAndCheck()
		})
	}
}

// A test does not begin while the lamps show a tap, or another test runs.
func TestLampTestDoesNotBeginWhileLampsAreInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		for _, s := range []Signal{Reading, Pending, Valid, Invalid, Again, Refused} {
			r.Show(s)
			advance(100 * ms)
			lit := r.litNow()
			if err := r.Test(t.Context(), func(string) { t.Error("a step") }); !errors.Is(err, ErrBusy) {
				t.Errorf("while %v is shown: %v, want %v", s, err, ErrBusy)
			}
			if got := r.litNow(); got != lit {
				t.Errorf("%v is lit, want %v", got, lit)
			}
		}

		r.Show(Dark)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Test(ctx, func(string) {}) }()
		advance(100 * ms)
		if err := r.Test(t.Context(), func(string) {}); !errors.Is(err, ErrBusy) {
			t.Errorf("while another test runs: %v, want %v", err, ErrBusy)
		}

		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if got, want := r.litNow(), [lampCount]bool{}; got != want {
			t.Errorf("after its end %v is lit, want %v", got, want)
		}

		r.closeAndCheck()
	})
}

// State returns what is lit, and its channel is closed at the next change.
func TestStateFollowsLamps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		before, change := r.State()
		if before.Green.Lit || !before.Green.Wired {
			t.Errorf("before: %+v", before)
		}

		r.Show(Valid)
		<-change
		after, _ := r.State()
		want := LampStates{
			Green: LampState{Wired: true, Lit: true},
			Red:   LampState{Wired: true},
			Amber: LampState{Wired: true},
		}
		if after != want {
			t.Errorf("after: %+v, want %+v", after, want)
		}

		r.breakLine(amber, errLine)
		r.Show(Reading)
		synctest.Wait()
		broken, _ := r.State()
		if !errors.Is(broken.Amber.Err, errLine) || broken.Green.Err != nil || r.Failures() != 1 {
			t.Errorf("with a broken line: %+v, %d failures", broken, r.Failures())
		}

		r.breakLine(amber, nil)
		advance(2 * time.Second)
		r.closeAndCheck()
	})
}
