// SPDX-License-Identifier: Apache-2.0

package led

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// amberBlinks lists the changes of n blinks of amber.
func amberBlinks(from time.Duration, n int, on, off time.Duration) (changes []string) {
	for i := range n {
		t := from + time.Duration(i)*(on+off)
		changes = append(changes, fmt.Sprintf("%v amber on", t), fmt.Sprintf("%v amber off", t+on))
	}

	return changes
}

func TestSignalPatterns(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		signal Signal
		watch  time.Duration
		want   []string
	}{
		{Dark, day, nil},
		{Reading, day, []string{"0s amber on", "24h0m0s amber off"}}, // off by Close
		{Pending, day, amberBlinks(0, 10, 500*ms, 500*ms)},
		{Valid, day, []string{"0s green on", "3s green off"}},
		{Invalid, day, []string{"0s red on", "3s red off"}},
		{Again, day, amberBlinks(0, 8, 125*ms, 125*ms)},
		{Refused, day, []string{
			"0s amber on", "100ms amber off", "200ms amber on", "300ms amber off",
			"800ms amber on", "900ms amber off", "1s amber on", "1.1s amber off",
		}},
		{Signal(-1), day, nil},
		{Signal(99), day, nil},
	} {
		t.Run(tt.signal.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRecordedLamps(t)

				r.Show(tt.signal)
				advance(tt.watch)
				if err := r.Err(); err != nil {
					t.Errorf("Err: %v", err)
				}

				r.closeAndCheck()
				if got, want := r.sets, len(tt.want); got != want {
					t.Errorf("%d writes, want %d: one for each change", got, want)
				}
				if diff := cmp.Diff(tt.want, r.changes); diff != "" {
					t.Errorf("changes (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestServiceCodePattern(t *testing.T) {
	twice := func(from time.Duration) []string {
		return slices.Concat(amberBlinks(from, 2, 250*ms, 250*ms), amberBlinks(from+2500*ms, 2, 250*ms, 250*ms))
	}

	for _, tt := range []struct {
		name string
		do   func(*recordedLamps)
		want []string
	}{
		{"one", func(r *recordedLamps) { r.Service(1); advance(3900 * ms) },
			slices.Concat(amberBlinks(0, 1, 250*ms, 250*ms), amberBlinks(2000*ms, 1, 250*ms, 250*ms))},
		{"seven", func(r *recordedLamps) { r.Service(7); advance(4900 * ms) },
			amberBlinks(0, 7, 250*ms, 250*ms)},
		{"two, asked for again and again", func(r *recordedLamps) {
			for range 49 {
				r.Service(2)
				advance(100 * ms)
			}
		}, twice(0)},
		{"another code begins with its first blink", func(r *recordedLamps) {
			r.Service(7)
			advance(600 * ms)
			r.Service(2)
			advance(4900 * ms)
		}, slices.Concat(
			[]string{"0s amber on", "250ms amber off", "500ms amber on"}, // lit already, goes on from 600ms
			[]string{"850ms amber off", "1.1s amber on", "1.35s amber off"},
			amberBlinks(3100*ms, 2, 250*ms, 250*ms),
		)},
		{"ends", func(r *recordedLamps) { r.Service(3); advance(100 * ms); r.Service(0); advance(time.Hour) },
			[]string{"0s amber on", "100ms amber off"}},
		{"a negative code shows nothing", func(r *recordedLamps) { r.Service(-1); advance(time.Hour) }, nil},
		{"waits for the end of a signal", func(r *recordedLamps) { r.Show(Again); r.Service(2); advance(6900 * ms) },
			slices.Concat(amberBlinks(0, 8, 125*ms, 125*ms), twice(2000*ms))},
		{"gives way to a verdict and starts again", func(r *recordedLamps) {
			r.Service(2)
			advance(600 * ms)
			r.Show(Valid)
			advance(7900 * ms)
		}, slices.Concat(
			[]string{"0s amber on", "250ms amber off", "500ms amber on"},
			[]string{"600ms amber off", "600ms green on", "3.6s green off"},
			twice(3600*ms),
		)},
		{"not while reading", func(r *recordedLamps) { r.Show(Reading); r.Service(2); advance(time.Hour) },
			[]string{"0s amber on", "1h0m0s amber off"}},
		{"when the signal goes dark", func(r *recordedLamps) {
			r.Show(Reading)
			r.Service(2)
			advance(1000 * ms)
			r.Show(Dark)
			advance(4900 * ms)
		}, slices.Concat([]string{"0s amber on"}, twice(1000 * ms)[1:])}, // amber is lit already when the code begins
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRecordedLamps(t)

				tt.do(r)
				r.closeAndCheck()
				if diff := cmp.Diff(tt.want, r.changes, sameInstant); diff != "" {
					t.Errorf("changes (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A pattern that is over asks for no further turn: play then sleeps until it is woken.
func TestPatternThatIsOverStaysDark(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    pattern
		at   time.Duration
	}{
		{"dark", Dark.pattern(), 0},
		{"no service", servicePattern(0), 0},
		{"service below none", servicePattern(-4), 0},
		{"after valid", Valid.pattern(), 3 * time.Second},
		{"long after pending", Pending.pattern(), time.Hour},
	} {
		if lit, next := tt.p.at(tt.at); lit || next != 0 {
			t.Errorf("%s: lit %v for %v, want dark for ever", tt.name, lit, next)
		}
	}
}

// Two lamps that change in the same instant are written by two goroutines; only
// green and red wait for each other.
var sameInstant = cmp.Transformer("sorted", func(changes []string) map[string]int {
	count := make(map[string]int)
	for _, c := range changes {
		count[c]++
	}

	return count
})

func TestSignalNames(t *testing.T) {
	want := []string{"dark", "reading", "pending", "valid", "invalid", "again", "refused", "signal(7)"}
	var got []string
	for s := Dark; s <= Refused+1; s++ {
		got = append(got, s.String())
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
