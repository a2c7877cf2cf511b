// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// seen is an event and when it came, from the beginning.
type seen struct {
	Event
	at time.Duration
}

// watchWhile watches dev in virtual time for as long as person takes, and checks
// what holds of any watch.
func watchWhile(t *testing.T, dev Device, person func()) []seen {
	t.Helper()
	return watchFromRestingWhile(t, dev, nil, person)
}

// watchFromRestingWhile watches a dev on which a tag may rest from before.
func watchFromRestingWhile(t *testing.T, dev Device, resting []byte, person func()) []seen {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	start := time.Now()
	var events []seen
	ended := make(chan error)

	go func() {
		ended <- watchOn(ctx, dev, resting, func(e Event) error {
			events = append(events, seen{e, time.Since(start)})
			return nil
		})
	}()

	person()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Watch ended with %v", err)
	}

	checkPairs(t, events)
	checkBeats(t, events, time.Since(start))
	return events
}

// longestWatch is more than any test watches: what should have ended a watch has not.
const longestWatch = time.Minute

// watchOn watches dev as a child does once it has opened it.
func watchOn(ctx context.Context, dev Device, resting []byte, emit func(Event) error) error {
	ctx, cancel := context.WithTimeout(ctx, longestWatch)
	defer cancel()
	return newWatch(TwoTaps, resting, emit).run(ctx, dev)
}

// checkPairs: every entered is followed by the tap of the same tag, with at most one url between them, and neither
// comes alone.
func checkPairs(t *testing.T, events []seen) {
	t.Helper()
	var open *Tap
	urls := 0

	for _, e := range events {
		switch e.Kind {
		case EventURL:
			if urls++; open == nil || urls > 1 || e.Tap.UID != open.UID || e.Tap.URL == "" || e.Tap.Second != "" {
				t.Errorf("at %v URL %d was %+v, in the tap %+v", e.at, urls, e.Tap, open)
			}

		case EventEntered:
			if open != nil {
				t.Errorf("at %v a tap began within another", e.at)
			}
			open, urls = &e.Tap, 0

		case EventTap:
			if open == nil {
				t.Errorf("at %v a tap ended that had not begun", e.at)
			} else if e.Tap.UID != open.UID || !e.Tap.Entered.Equal(open.Entered) {
				t.Errorf("at %v the tap %+v ended as %+v", e.at, *open, e.Tap)
			}
			open = nil
		}
	}

	if open != nil {
		t.Errorf("the tap %+v did not end", *open)
	}
}

// checkBeats: nobody waits longer than two seconds for a sign of life.
func checkBeats(t *testing.T, events []seen, end time.Duration) {
	t.Helper()
	last := time.Duration(0)
	for _, e := range append(slices.Clone(events), seen{at: end}) {
		if e.at-last > 2*time.Second {
			t.Errorf("nothing was heard from %v to %v", last, e.at)
		}
		last = e.at
	}
}

// withoutBeats leaves out the events that are about no tag.
func withoutBeats(events []seen) []seen {
	return slices.DeleteFunc(events, func(e seen) bool { return e.Kind == EventBeat || e.Kind == EventReady })
}

// kinds are the kinds of events.
func kinds(events []seen) (kinds []EventKind) {
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// tapEvents are the taps of events, in the order of their end.
func tapEvents(events []seen) (taps []seen) {
	for _, e := range events {
		if e.Kind == EventTap {
			taps = append(taps, e)
		}
	}
	return taps
}

func newNTAG424() simchip.Chip { return simchip.NewNTAG424(uid424, key1, key2, url424) }
func newNTAG223() simchip.Chip { return simchip.NewNTAG223(uid22x, key1, url22x) }

// randomUIDChip is a chip with another random UID at each activation.
type randomUIDChip struct {
	simchip.Chip
	activations atomic.Int32
}

func (s *randomUIDChip) Activate() { s.activations.Add(1); s.Chip.Activate() }

func (s *randomUIDChip) Target() simchip.Target {
	t := s.Chip.Target()
	t.UID = []byte{0x08, byte(s.activations.Load()), 2, 3}
	return t
}

const ms = time.Millisecond

func TestWatchCountsTapsAsTheHandMoves(t *testing.T) {
	put := func(h *antenna, c simchip.Chip, lies time.Duration) {
		h.field.Put(c)
		time.Sleep(lies)
		h.field.Remove()
	}

	flicker := func(h *antenna, c simchip.Chip) {
		for range 25 {
			put(h, c, 100*ms)
			time.Sleep(100 * ms)
		}
	}

	chips := []struct {
		name string
		new  func() simchip.Chip
	}{
		{"424", newNTAG424},
		{"223", newNTAG223},
		{"blank", simchip.NewBlank},
		{"classic", simchip.NewClassic},
		{"payment", simchip.NewPaymentCard},
		{"random UID", func() simchip.Chip { return &randomUIDChip{Chip: newNTAG424()} }},
		{"NAKs only", func() simchip.Chip { return muteTag{simchip.Target{UID: []byte{4, 1, 2, 3, 4, 5, 6}}} }},
		{"a byte at a time", func() simchip.Chip {
			kib, _ := bigMessage(1024)
			c := newType4Card(kib)
			c.chunk = 1
			return c
		}},
	}

	tests := []struct {
		name   string
		person func(h *antenna, c simchip.Chip)
		at     []time.Duration // the taps' beginnings, as the hand moves
	}{
		{"rests for 10 s", func(h *antenna, c simchip.Chip) { put(h, c, 10*time.Second) }, []time.Duration{0}},
		{"flickers", flicker, []time.Duration{0}},
		{"flickers after 60 ms", func(h *antenna, c simchip.Chip) {
			for range 50 {
				put(h, c, 60*ms)
				time.Sleep(40 * ms)
			}
		}, []time.Duration{0}},
		{"gone for 200 ms", func(h *antenna, c simchip.Chip) {
			put(h, c, 1500*ms)
			time.Sleep(200 * ms)
			put(h, c, 1500*ms)
		}, []time.Duration{0}},
		{"gone for 100 ms when its time is up", func(h *antenna, c simchip.Chip) {
			put(h, c, 580*ms)
			time.Sleep(100 * ms)
			put(h, c, 3000*ms)
		}, []time.Duration{0}},
		{"gone for 300 ms", func(h *antenna, c simchip.Chip) {
			put(h, c, 1500*ms)
			time.Sleep(300 * ms)
			put(h, c, 1500*ms)
		}, []time.Duration{0, 1800 * ms}},
		{"again within a second, and there when it counts", func(h *antenna, c simchip.Chip) {
			put(h, c, 300*ms)
			time.Sleep(400 * ms)
			put(h, c, 3000*ms)
		}, []time.Duration{0, 1000 * ms}},
		{"again within a second, and gone when it would count", func(h *antenna, c simchip.Chip) {
			put(h, c, 300*ms)
			time.Sleep(400 * ms)
			put(h, c, 200*ms)
			time.Sleep(2000 * ms)
		}, []time.Duration{0}},
		{"four taps a second apart", func(h *antenna, c simchip.Chip) {
			for range 4 {
				put(h, c, 650*ms)
				time.Sleep(400 * ms)
			}
		}, []time.Duration{0, 1050 * ms, 2100 * ms, 3150 * ms}},
	}

	for _, chip := range chips {
		for _, tt := range tests {
			for _, took := range []int{0, 2, 3, 5, 7, 10} { // milliseconds, by each command
				t.Run(fmt.Sprintf("%s/%s/%d ms", chip.name, tt.name, took), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a := newAntenna(nil)
						a.took = time.Duration(took) * ms
						got := tapEvents(watchWhile(t, a, func() { tt.person(a, chip.new()) }))
						if len(got) != len(tt.at) {
							t.Fatalf("%d taps, want %d: %s", len(got), len(tt.at), describe(got))
						}

						for i, tap := range got {
							entered := tap.at - tap.Tap.Read.Sub(tap.Tap.Entered)
							if late := entered - tt.at[i]; late < 0 || late > 200*ms {
								t.Errorf("tap %d began at %v, want %v", i+1, entered, tt.at[i])
							}
						}
					})
				})
			}
		}
	}
}

func describe(events []seen) string {
	var s []string
	for _, e := range events {
		s = append(s, fmt.Sprintf("%v %s %s %s", e.at, e.Kind, e.Tap.UID, e.Tap.Reason))
	}
	return strings.Join(s, ", ")
}

// A tag that rests is asked whether it is there, and not activated anew.
func TestWatchLeavesARestingTagAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chip := &randomUIDChip{Chip: newNTAG424()}
		a := newAntenna(chip)
		var early int32

		watchWhile(t, a, func() {
			time.Sleep(time.Second)
			early = chip.activations.Load()
			time.Sleep(10 * time.Second)
		})

		if chip.activations.Load() != early || early == 0 {
			t.Errorf("%d activations in the first second and %d in all", early, chip.activations.Load())
		}
	})
}

// Two tags, one right after the other, are two taps at once.
func TestWatchReadsTwoTagsInTurnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAntenna(nil)
		events := tapEvents(watchWhile(t, a, func() {
			a.field.Put(newNTAG424())
			time.Sleep(200 * ms)
			a.field.Put(newNTAG223()) // in its place
			time.Sleep(200 * ms)
			a.field.Remove()
			time.Sleep(50 * ms)
			a.field.Put(simchip.NewBlank())
			time.Sleep(200 * ms)
		}))

		var uids []string
		for _, e := range events {
			uids = append(uids, e.Tap.UID)
		}
		want := []string{hex.EncodeToString(uid424[:]), hex.EncodeToString(uid22x[:]), "04b1a94b000003"}
		if !slices.Equal(uids, want) {
			t.Fatalf("taps of %v, want %v", uids, want)
		}

		if events[2].at > 600*ms {
			t.Errorf("the taps were read at %s", describe(events))
		}
	})
}

func TestWatchEmitsEnteredThenURLThenTap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chip := simchip.NewNTAG424(uid424, key1, key2, url424)
		a := newAntenna(nil)
		a.took = 10 * ms

		events := watchWhile(t, a, func() {
			time.Sleep(100 * ms)
			a.field.Put(chip)
			time.Sleep(200 * ms)
		})

		events = withoutBeats(events)
		if want := []EventKind{EventEntered, EventURL, EventTap}; !slices.Equal(kinds(events), want) {
			t.Fatalf("got %s, want %v", describe(events), want)
		}

		entered, early, final := events[0].Tap, events[1].Tap, events[2].Tap
		if early.URL != final.URL || early.UID != final.UID || !early.Entered.Equal(final.Entered) {
			t.Errorf("first %+v, then %+v; want the same tag and URL", early, final)
		}

		want := Tap{UID: "04de5f1eacc040", Chip: ChipNTAG424, Entered: entered.Entered}
		if entered != want {
			t.Errorf("%s %+v, want %+v", EventEntered, entered, want)
		}

		if err := genuineTags[0].verify(final.URL, chip); err != nil {
			t.Error(err)
		}
		if took := final.Read.Sub(final.Entered); took != 50*ms {
			t.Errorf("read in %v, want three exchanges of 10 ms and a look for another tag", took)
		}

		if latency := events[0].at - 100*ms; latency > 60*ms {
			t.Errorf("found after %v", latency)
		}
	})
}

func TestWatchBeatsWhateverLiesThere(t *testing.T) {
	for _, on := range []simchip.Chip{nil, newNTAG424()} {
		for _, took := range []time.Duration{0, 7 * ms, 350 * ms} { // by one command: libnfc gives up after 350 ms
			synctest.Test(t, func(t *testing.T) {
				a := newAntenna(on)
				a.took = took
				events := watchWhile(t, a, func() { time.Sleep(30 * time.Second) })
				beats := len(slices.DeleteFunc(events, func(e seen) bool { return e.Kind != EventBeat }))
				if beats > 70 {
					t.Errorf("%d beats in 30 s", beats)
				}
			})
		}
	}
}

// faultyReader is a reader whose next commands to look for a tag fail.
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

// A tag that rests from before is no new tap until it has been away.
func TestWatchTakesARestingTagForNoNewTap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := newNTAG424()
		a := newAntenna(on)
		events := watchFromRestingWhile(t, a, uid424[:], func() {
			time.Sleep(5 * time.Second)
			a.field.Remove()
			time.Sleep(400 * ms)
			a.field.Put(on)
			time.Sleep(time.Second)
		})

		if got := tapEvents(events); len(got) != 1 || got[0].at < 5*time.Second {
			t.Errorf("taps %v, want one after the tag was away", got)
		}
	})
}

// Each tap ends with its tag's leaving, and not before it was away for long enough
// that its return is a new tap.
func TestWatchEmitsLeftAfter300Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := newNTAG424()
		a := newAntenna(nil)
		events := watchWhile(t, a, func() {
			for _, away := range []time.Duration{100 * ms, 200 * ms, 2 * time.Second, 2 * time.Second} {
				a.field.Put(on)
				time.Sleep(time.Second)
				a.field.Remove()
				time.Sleep(away)
			}
		})

		want := []EventKind{EventEntered, EventURL, EventTap, EventLeft, EventEntered, EventURL, EventTap, EventLeft}
		if got := kinds(withoutBeats(events)); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
