// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// faultyReader fails in its next so many Selects and Presents.
type faultyReader struct {
	*antenna
	next atomic.Int64
}

func (i *faultyReader) failing() bool { return i.next.Add(-1) >= 0 }

func (i *faultyReader) Select(int) (Target, error) {
	if i.failing() {
		return Target{}, errBroken
	}
	return i.antenna.Select(1)
}

func (i *faultyReader) Present() (bool, error) {
	if i.failing() {
		return false, errBroken
	}
	return i.antenna.Present()
}

func TestWatchSurvivesTenFaultsInARow(t *testing.T) {
	for _, resting := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			i := &faultyReader{antenna: newAntenna(nil)}
			if resting {
				i.field.Put(simchip.NewBlank())
			}

			events := watchWhile(t, i, func() {
				time.Sleep(500 * ms)
				for range 5 { // ten in a row, five times
					i.next.Store(maxFaults)
					time.Sleep(500 * ms)
				}
				i.field.Put(newNTAG424())
				time.Sleep(200 * ms)
			})

			want := 1
			if resting {
				want = 2
			}

			if got := len(tapEvents(events)); got != want {
				t.Errorf("%d taps, want %d", got, want)
			}
		})
	}
}

func TestWatchEndsWithTheReader(t *testing.T) {
	for _, on := range []simchip.Chip{nil, newNTAG424()} {
		synctest.Test(t, func(t *testing.T) {
			i := &faultyReader{antenna: newAntenna(on)}
			time.AfterFunc(time.Second, func() { i.next.Store(1 << 30) })
			start := time.Now()
			if err := watchOn(t.Context(), i, nil, func(Event) error { return nil }); !errors.Is(err, errBroken) {
				t.Errorf("got %v, want %v", err, errBroken)
			}

			if took := time.Since(start) - time.Second; took < 50*ms || took > 500*ms {
				t.Errorf("ended %v after the reader's end", took)
			}
		})
	}
}

// A reader that breaks within a tap does not leave it open.
func TestWatchEndsATapInWhichTheReaderBreaks(t *testing.T) {
	for at := 2; at <= 4; at++ {
		synctest.Test(t, func(t *testing.T) {
			var events []seen
			b := &brokenReader{antenna: newAntenna(newNTAG424()), at: at - 1}
			err := watchOn(t.Context(), b, nil, func(e Event) error {
				events = append(events, seen{Event: e})
				return nil
			})
			if !errors.Is(err, errBroken) {
				t.Errorf("got %v, want %v", err, errBroken)
			}

			checkPairs(t, events)
			if got := tapEvents(events); len(got) != 1 || got[0].Tap.Reason != scan.ReasonTorn {
				t.Errorf("got %s, want one torn tap", describe(got))
			}
		})
	}
}

func TestWatchEndsWithItsListener(t *testing.T) {
	gone := errors.New("nobody listens")
	for _, kind := range []EventKind{EventBeat, EventEntered, EventTap} {
		synctest.Test(t, func(t *testing.T) {
			heard := 0
			err := watchOn(t.Context(), newAntenna(newNTAG424()), nil, func(e Event) error {
				if heard > 0 {
					t.Errorf("%s after the listener had gone", e.Kind)
				}
				if e.Kind != kind {
					return nil
				}

				heard++
				return gone
			})

			if !errors.Is(err, gone) {
				t.Errorf("at %s: got %v, want %v", kind, err, gone)
			}
		})
	}
}
