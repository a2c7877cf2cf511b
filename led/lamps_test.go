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

// Only its verdict lights a verdict lamp, for three seconds at most, and a new tap
// switches it off in the same instant. Close leaves all lamps dark, whatever was shown.
func TestVerdictLampIsLitByItsVerdictAlone(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			r := newRecordedLamps(t)

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
					lit := r.litNow()
					fresh := time.Since(shown) < 3*time.Second
					if got, want := lit[green], last == Valid && fresh; got != want {
						t.Fatalf("seed %d: green is %v %v after %v", seed, got, time.Since(shown), last)
					}
					if got, want := lit[red], last == Invalid && fresh; got != want {
						t.Fatalf("seed %d: red is %v %v after %v", seed, got, time.Since(shown), last)
					}
					if lit[amber] && (lit[green] || lit[red]) {
						t.Fatalf("seed %d: amber and a verdict lit, %v after %v", seed, time.Since(shown), last)
					}

					advance(time.Duration(random.IntN(1500)) * ms)
				}
			}

			r.closeAndCheck()
		})
	}
}

// Green and red are not lit together on lines of any speed below the overlap: the
// recorder fails the test if they are.
func TestGreenAndRedNeverOverlapOnSlowLines(t *testing.T) {
	for seed := range uint64(100) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			r := newRecordedLamps(t)

			delays := make(chan time.Duration, 1000)
			for range cap(delays) {
				delays <- time.Duration(random.IntN(24)) * ms
			}

			r.slow = func() time.Duration { return <-delays }
			for range 100 {
				r.Show([]Signal{Valid, Invalid, Reading, Dark}[random.IntN(4)])
				advance(time.Duration(random.IntN(60)) * ms)
			}

			r.closeAndCheck()
		})
	}
}

func TestReadingSwitchesVerdictOff(t *testing.T) {
	for _, verdict := range []Signal{Valid, Invalid} {
		synctest.Test(t, func(t *testing.T) {
			r := newRecordedLamps(t)

			r.Show(verdict)
			advance(time.Second)
			r.Show(Reading)
			if got, want := r.litNow(), [lampCount]bool{amber: true}; got != want {
				t.Errorf("reading after %v lights %v, want %v", verdict, got, want)
			}

			r.closeAndCheck()
		})
	}
}

func TestLatestSignalWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		release := r.hang(amber)
		for range 1000 {
			r.Show(Valid)
			r.Show(Again)
			r.Show(Invalid)
		}

		advance(time.Second)
		if got, want := r.litNow(), [lampCount]bool{red: true}; got != want {
			t.Errorf("lit %v, want %v", got, want)
		}

		close(release)
		r.closeAndCheck()
	})
}

// A verdict that still waits for the other lamp is not lit once a newer signal has come.
func TestNewSignalOvertakesWaitingVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.Show(Valid)
		advance(time.Second)
		release := r.hang(green)
		r.Show(Invalid)
		advance(20 * ms)
		r.Show(Reading)
		advance(20 * ms)
		close(release)
		advance(time.Second)
		r.closeAndCheck()
		want := []string{"0s green on", "1.04s green off", "1.04s amber on", "2.04s amber off"}
		if diff := cmp.Diff(want, r.changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

func TestShowAfterCloseLightsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.closeAndCheck()
		r.Show(Valid)
		r.Service(3)
		if got, want := r.litNow(), [lampCount]bool{}; got != want {
			t.Errorf("lit %v, want none", got)
		}
		if err := r.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestNilLampsShowNothing(t *testing.T) {
	var lamps *Lamps
	lamps.Show(Valid)
	lamps.Service(1)
	if err := errors.Join(lamps.Err(), lamps.Close()); err != nil {
		t.Error(err)
	}
}

func TestOpenWithoutLamps(t *testing.T) {
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
