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

// A walk lights each lamp by itself first, then shows every pattern, and leaves the
// lamps to the service code that waited.
func TestWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.Service(2)
		pass(time.Second / 8)
		begun := time.Now()
		var said []string
		if err := r.Walk(t.Context(), func(step string) { said = append(said, step) }); err != nil {
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
			if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, word+": ") }) {
				t.Errorf("%s was not shown: %q", signal, said)
			}
		}
		synctest.Wait()
		first := []string{"0s amber on", "125ms amber off", "125ms green on", "1.125s green off", "1.525s red on", "2.525s red off",
			"2.925s amber on", "3.925s amber off", "4.325s amber on", "5.325s amber off"}
		shown := r.changed()
		if diff := cmp.Diff(first, shown[:len(first)]); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		pass(4 * time.Second)
		if after := r.changed()[len(shown):]; len(after) < 6 {
			t.Errorf("after it the service code is not shown: %q", after)
		}
		r.finish()
	})
}

func (r *rig) changed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.changes)
}

// Whatever the lamps are told to show ends a walk at once, at any of its moments: a
// lamp that the walk lit is not lit with it.
func TestTapEndsWalk(t *testing.T) {
	for at := 100 * ms; at < 36*time.Second; at += 700 * ms {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			ended := make(chan error)
			go func() { ended <- r.Walk(t.Context(), func(string) {}) }()
			pass(at)
			r.Show(Reading)
			if got, want := r.now(), [lampCount]bool{amber: true}; got != want {
				t.Errorf("after %v a tap lights %v, want %v", at, got, want)
			}
			select {
			case err := <-ended:
				if !errors.Is(err, ErrTaken) {
					t.Errorf("the walk ended with %v, want %v", err, ErrTaken)
				}
			default:
				t.Errorf("the walk goes on beside a tap")
				<-ended
			}
			pass(20 * time.Second)
			if got, want := r.now(), [lampCount]bool{amber: true}; got != want {
				t.Errorf("long after the walk %v is lit, want %v", got, want)
			}
			r.finish()
		})
	}
}

// While a tap is shown, or another walk, no walk begins.
func TestWalkWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for _, s := range []Signal{Reading, Pending, Valid, Invalid, Again, Refused} {
			r.Show(s)
			pass(100 * ms)
			lit := r.now()
			if err := r.Walk(t.Context(), func(string) { t.Error("a step") }); !errors.Is(err, ErrBusy) {
				t.Errorf("while %v is shown: %v, want %v", s, err, ErrBusy)
			}
			if got := r.now(); got != lit {
				t.Errorf("%v is lit, want %v", got, lit)
			}
		}
		r.Show(Dark)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Walk(ctx, func(string) {}) }()
		pass(100 * ms)
		if err := r.Walk(t.Context(), func(string) {}); !errors.Is(err, ErrBusy) {
			t.Errorf("beside a walk: %v, want %v", err, ErrBusy)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if got, want := r.now(), [lampCount]bool{}; got != want {
			t.Errorf("after its end %v is lit, want %v", got, want)
		}
		r.finish()
	})
}

// Who looks at the lamps sees what is lit, and is told of the next change.
func TestView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		before, change := r.View()
		if before.Green.Lit || !before.Green.Wired {
			t.Errorf("before: %+v", before)
		}
		r.Show(Valid)
		<-change
		after, _ := r.View()
		if want := (Views{Green: View{Wired: true, Lit: true}, Red: View{Wired: true}, Amber: View{Wired: true}}); after != want {
			t.Errorf("after: %+v, want %+v", after, want)
		}
		r.breakLine(amber, errLine)
		r.Show(Reading)
		synctest.Wait()
		broken, _ := r.View()
		if !errors.Is(broken.Amber.Err, errLine) || broken.Green.Err != nil || r.Failures() != 1 {
			t.Errorf("with a broken line: %+v, %d failures", broken, r.Failures())
		}
		r.breakLine(amber, nil)
		pass(2 * time.Second)
		r.finish()
	})
}
