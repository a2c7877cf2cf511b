// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A verdict lamp is lit by its verdict alone, for three seconds at most, and a new
// tap puts it out in the same instant; whatever was shown, Close leaves all dark.
func TestVerdictLampsProperty(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			r := newRig(t)
			last, shown := Dark, time.Now()
			for range 60 {
				switch random.IntN(5) {
				case 0:
					r.Service(random.IntN(9) - 1)
				default:
					last, shown = Signal(random.IntN(len(patterns)+1)), time.Now()
					r.Show(last)
				}
				for range random.IntN(5) {
					lit := r.now()
					fresh := time.Since(shown) < 3*time.Second
					if got, want := lit[green], last == Valid && fresh; got != want {
						t.Fatalf("seed %d: green is %v %v after %v", seed, got, time.Since(shown), last)
					}
					if got, want := lit[red], last == Invalid && fresh; got != want {
						t.Fatalf("seed %d: red is %v %v after %v", seed, got, time.Since(shown), last)
					}
					if lit[amber] && (lit[green] || lit[red]) {
						t.Fatalf("seed %d: amber beside a verdict, %v after %v", seed, time.Since(shown), last)
					}
					pass(time.Duration(random.IntN(1500)) * ms)
				}
			}
			r.finish()
		})
	}
}

// Lines of any speed below the overlap never have green and red lit together: the
// rig itself watches.
func TestSlowLinesNeverOverlap(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			r := newRig(t)
			delays := make(chan time.Duration, 1000)
			for range cap(delays) {
				delays <- time.Duration(random.IntN(24)) * ms
			}
			r.slow = func() time.Duration { return <-delays }
			for range 100 {
				r.Show([]Signal{Valid, Invalid, Reading, Dark}[random.IntN(4)])
				pass(time.Duration(random.IntN(60)) * ms)
			}
			r.finish()
		})
	}
}

func TestReadingPutsVerdictsOut(t *testing.T) {
	for _, verdict := range []Signal{Valid, Invalid} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.Show(verdict)
			pass(time.Second)
			r.Show(Reading)
			if got, want := r.now(), [lampCount]bool{amber: true}; got != want {
				t.Errorf("reading after %v lights %v, want %v", verdict, got, want)
			}
			r.finish()
		})
	}
}

func TestLatestSignalWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		stuck := r.stick(amber)
		for range 1000 {
			r.Show(Valid)
			r.Show(Again)
			r.Show(Invalid)
		}
		pass(time.Second)
		if got, want := r.now(), [lampCount]bool{red: true}; got != want {
			t.Errorf("lit %v, want %v", got, want)
		}
		close(stuck)
		r.finish()
	})
}

// A verdict that waited for the other lamp is not lit after a newer signal.
func TestWaitingVerdictIsOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.Show(Valid)
		pass(time.Second)
		stuck := r.stick(green)
		r.Show(Invalid)
		pass(20 * ms)
		r.Show(Reading)
		pass(20 * ms)
		close(stuck)
		pass(time.Second)
		r.finish()
		want := []string{"0s green on", "1.04s green off", "1.04s amber on", "2.04s amber off"}
		if diff := cmp.Diff(want, r.changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

func TestShowAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.finish()
		r.Show(Valid)
		r.Service(3)
		if got, want := r.now(), [lampCount]bool{}; got != want {
			t.Errorf("lit %v, want none", got)
		}
		if err := r.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestNilLamps(t *testing.T) {
	var lamps *Lamps
	lamps.Show(Valid)
	lamps.Service(1)
	if err := errors.Join(lamps.Err(), lamps.Close()); err != nil {
		t.Error(err)
	}
}

func TestNoLamps(t *testing.T) {
	lamps, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for s := range Signal(len(patterns)) {
		lamps.Show(s)
	}
	lamps.Service(7)
	if err := lamps.Close(); err != nil {
		t.Error(err)
	}
}
