// SPDX-License-Identifier: Apache-2.0

package led

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHangingLineHoldsUpNoOtherLamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.Show(Valid)
		synctest.Wait()
		release := r.hang(green) // it will not go off
		r.overlap = true

		began := time.Now()
		r.Show(Reading)
		if got := r.litNow(); !got[amber] {
			t.Error("amber waits for green")
		}
		if got := time.Since(began); got != 0 {
			t.Errorf("Show held up for %v", got)
		}

		advance(900 * ms)
		if err := r.Err(); err != nil {
			t.Errorf("Err before a second is over: %v", err)
		}

		advance(100 * ms)
		hangs := "leds.green: the line does not answer within 1s"
		if err := r.Err(); err == nil || !strings.Contains(err.Error(), hangs) {
			t.Errorf("Err of a hanging line: %v", err)
		}

		r.Show(Invalid)
		advance(overlap)
		if got := r.litNow(); !got[red] {
			t.Error("red waits for green longer than the overlap")
		}

		began = time.Now()
		err := r.Close()
		if got, want := time.Since(began), time.Second; got != want {
			t.Errorf("Close took %v, want %v", got, want)
		}
		if err == nil || !strings.Contains(err.Error(), "leds.green") {
			t.Errorf("Close: %v, want the name of the lamp", err)
		}
		if got, want := r.litNow(), [lampCount]bool{green: true}; got != want {
			t.Errorf("lit after Close: %v, want %v", got, want)
		}

		close(release)
		if got, want := r.litNow(), [lampCount]bool{}; got != want {
			t.Errorf("lit after the line came back: %v, want none", got)
		}
	})
}

// If a level still waits for a slow line when Close comes, Close replaces it: the lamp is not lit again.
func TestCloseDropsLevelThatWaitsForSlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.Show(Valid)
		synctest.Wait()
		release := r.hang(green)
		r.Show(Dark)
		synctest.Wait()
		r.Show(Valid)
		synctest.Wait()
		if err := r.Close(); err == nil {
			t.Error("Close with a line that hangs returns no error")
		}

		close(release)
		synctest.Wait()
		want := []string{"0s green on", "1s green off"}
		if diff := cmp.Diff(want, r.changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

func TestFailedLineIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.breakLine(amber, errLine)
		r.Show(Reading)
		synctest.Wait()
		if err := r.Err(); !errors.Is(err, errLine) || !strings.HasPrefix(err.Error(), "leds.amber: ") {
			t.Errorf("Err: %v", err)
		}

		r.Show(Valid)
		if got, want := r.litNow(), [lampCount]bool{green: true}; got != want {
			t.Errorf("lit %v, want %v", got, want)
		}

		r.breakLine(amber, nil)
		r.Show(Reading)
		if got, want := r.litNow(), [lampCount]bool{amber: true}; got != want {
			t.Errorf("lit %v after the line came back, want %v", got, want)
		}
		if err := r.Err(); err != nil {
			t.Errorf("Err after the line came back: %v", err)
		}
		if got, want := r.opens, int(lampCount)+1; got != want {
			t.Errorf("opened %d times, want %d: a line that failed is opened again", got, want)
		}

		r.closeAndCheck()
	})
}

// A lamp that fails to go off is tried again by itself.
func TestFailedOffIsRetriedUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.Show(Valid)
		advance(2500 * ms)
		r.breakLine(green, errLine)
		advance(1000 * ms)
		r.breakLine(green, nil)
		advance(500 * ms)
		want := []string{"0s green on", "4s green off"}
		synctest.Wait()
		if diff := cmp.Diff(want, r.changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}

		r.closeAndCheck()
	})
}

func TestCloseReturnsErrorOfLampThatStaysLit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecordedLamps(t)

		r.Show(Invalid)
		synctest.Wait()
		r.breakLine(red, errLine)
		for range 2 {
			if err := r.Close(); !errors.Is(err, errLine) {
				t.Errorf("Close: %v, want %v", err, errLine)
			}
		}
	})
}

func TestOpenGoesOnWithoutFailedLamps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recordedLamps{t: t, begin: time.Now()}
		r.breakLine(red, errLine)
		open := r.openers()
		hold := make(chan struct{})
		open[amber] = func() (Line, error) { <-hold; return nil, errLine }
		lamps, err := start(open)
		r.Lamps = lamps
		if got, want := time.Since(r.begin), time.Second; got != want {
			t.Errorf("Open took %v, want %v", got, want)
		}
		if !errors.Is(err, errLine) {
			t.Errorf("Open: %v, want %v", err, errLine)
		}
		for _, lamp := range []string{"leds.red: ", "leds.amber: "} {
			if err == nil || !strings.Contains(err.Error(), lamp) {
				t.Errorf("Open: %v, want %q in it", err, lamp)
			}
		}

		r.Show(Valid)
		if got, want := r.litNow(), [lampCount]bool{green: true}; got != want {
			t.Errorf("lit %v, want %v", got, want)
		}

		close(hold)
		if err := r.Close(); !errors.Is(err, errLine) {
			t.Errorf("Close: %v, want %v", err, errLine)
		}
		if got, want := r.litNow(), [lampCount]bool{}; got != want {
			t.Errorf("lit after Close: %v, want none", got)
		}
	})
}
