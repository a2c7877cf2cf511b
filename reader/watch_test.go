// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// seen is an event and how long after the beginning it came.
type seen struct {
	Event
	at time.Duration
}

// watchWhile watches dev in virtual time while person acts, and checks
// what holds for every watch.
func watchWhile(t *testing.T, dev Device, person func()) []seen {
	t.Helper()
	return watchFromRestingWhile(t, dev, nil, person)
}

// watchFromRestingWhile does so with a tag that rests on dev from before, unless that is nil.
func watchFromRestingWhile(t *testing.T, dev Device, resting []byte, person func()) []seen {
	t.Helper()
	return watchByWhile(t, newWatch(TwoTaps, resting, nil), dev, person)
}

// watchByWhile does so with a watch that the test has made.
func watchByWhile(t *testing.T, w *watch, dev Device, person func()) []seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longestWatch)
	defer cancel()
	start := time.Now()
	var events []seen
	ended := make(chan error)

	w.emit = func(e Event) error {
		events = append(events, seen{e, time.Since(start)})
		return nil
	}
	go func() { ended <- w.run(ctx, dev) }()

	person()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Watch ended with %v", err)
	}

	checkPairs(t, events)
	checkBeats(t, events, time.Since(start))
	return events
}

// longestWatch ends a watch that nothing else has ended; no test needs as long.
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

// randomUIDChip is a chip with a new random UID whenever it gets power.
type randomUIDChip struct {
	simchip.Chip
	first  byte // of the UID
	powers atomic.Int32
}

func (s *randomUIDChip) Power(on bool) { s.powers.Add(1); s.Chip.Power(on) }

func (s *randomUIDChip) Target() simchip.Target {
	t := s.Chip.Target()
	t.UID = []byte{s.first, byte(s.powers.Load()), 2, 3}
	return t
}

// activationCounter is a chip that counts its activations.
type activationCounter struct {
	simchip.Chip
	activations atomic.Int32
}

func (c *activationCounter) Activate() { c.activations.Add(1); c.Chip.Activate() }

const ms = time.Millisecond

// watchedChips are tags of every kind, some of which give no URL.
var watchedChips = []struct {
	name string
	new  func() simchip.Chip
}{
	{"424", newNTAG424},
	{"223", newNTAG223},
	{"blank", simchip.NewBlank},
	{"classic", simchip.NewClassic},
	{"NAKs only", func() simchip.Chip { return muteTag{simchip.Target{UID: []byte{4, 1, 2, 3, 4, 5, 6}}} }},
	{"a byte at a time", func() simchip.Chip {
		kib, _ := bigMessage(1024)
		c := newType4Card(kib)
		c.chunk = 1
		return c
	}},
}

// move lays the tag on the antenna and takes it away, in turn, for so many milliseconds each.
func move(a *antenna, tag simchip.Chip, hand []int) {
	for i, d := range hand {
		if i%2 == 0 {
			layFor(a, tag, time.Duration(d)*ms)
		} else {
			time.Sleep(time.Duration(d) * ms)
		}
	}
}

func TestWatchCountsTapsAsTheHandMoves(t *testing.T) {
	tests := []struct {
		name string
		hand []int // milliseconds: the tag lies there, is away, lies there, …
		taps []int // milliseconds at which a tap begins
	}{
		{"rests for 10 s", []int{10_000}, []int{0}},
		{"flickers", slices.Repeat([]int{100, 100}, 25), []int{0}},
		{"flickers after 60 ms", slices.Repeat([]int{60, 40}, 50), []int{0}},
		{"gone for 200 ms", []int{1500, 200, 1500}, []int{0}},
		{"gone for 100 ms when its time is up", []int{580, 100, 3000}, []int{0}},
		{"gone for 300 ms", []int{1500, 300, 1500}, []int{0, 1800}},
		{"again within a second, and there when it counts", []int{300, 400, 3000}, []int{0, 1000}},
		{"again within a second, and gone when it would count", []int{300, 400, 200, 2000}, []int{0}},
		{"four taps a second apart", slices.Repeat([]int{650, 400}, 4), []int{0, 1050, 2100, 3150}},
	}

	for _, chip := range watchedChips {
		for _, tt := range tests {
			for _, took := range []int{0, 2, 3, 5, 7, 10} { // milliseconds, by each command
				t.Run(fmt.Sprintf("%s/%s/%d ms", chip.name, tt.name, took), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a := newAntenna(nil)
						a.took = time.Duration(took) * ms
						events := watchWhile(t, a, func() { move(a, chip.new(), tt.hand) })
						checkTapsBegin(t, tapEvents(events), tt.taps)
					})
				})
			}
		}
	}
}

// A tag with a random UID is a new tap whenever it has lost its power: it may be another tag.
func TestWatchCountsTapsOfARandomUIDByItsPower(t *testing.T) {
	tests := []struct {
		name string
		hand []int // milliseconds: the tag lies there, is away, lies there, …
		taps []int // milliseconds at which a tap begins
	}{
		{"rests for 40 s", []int{40_000}, []int{0}},
		{"gone for 200 ms", []int{1500, 200, 1500}, []int{0, 1700}},
		{"gone for 300 ms", []int{1500, 300, 1500}, []int{0, 1800}},
		{"again within a second", []int{300, 400, 3000}, []int{0, 700}},
		{"again after a rest", []int{30_000, 200, 3000}, []int{0, 30_200}},
		{"gone for 20 ms", []int{1500, 20, 1500}, []int{0, 1520}},
	}
	chips := map[string]func() simchip.Chip{
		"424":           func() simchip.Chip { return newRandom424(1) },
		"DESFire":       func() simchip.Chip { return &randomUIDChip{Chip: newType4Card([]byte{0}), first: 0x80} },
		"payment card":  func() simchip.Chip { return &randomUIDChip{Chip: simchip.NewPaymentCard(), first: 0x08} },
		"of the type 2": func() simchip.Chip { return &randomUIDChip{Chip: newNTAG223(), first: 0x08} },
	}

	for name, chip := range chips {
		for _, tt := range tests {
			// A tag without a URL is asked by a Cycle whether it is there, and may come back within that one.
			if tt.hand[min(1, len(tt.hand)-1)] < 200 && name != "424" && name != "of the type 2" {
				continue
			}
			for _, took := range []int{0, 3, 7} { // milliseconds, by each command
				t.Run(fmt.Sprintf("%s/%s/%d ms", name, tt.name, took), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						a := newAntenna(nil)
						a.took = time.Duration(took) * ms
						events := watchWhile(t, a, func() { move(a, chip(), tt.hand) })
						checkTapsBegin(t, tapEvents(events), tt.taps)
					})
				})
			}
		}
	}
}

// checkTapsBegin checks that the taps began at so many milliseconds, or up to 200 ms later.
func checkTapsBegin(t *testing.T, taps []seen, want []int) {
	t.Helper()
	if len(taps) != len(want) {
		t.Fatalf("%d taps, want %d: %s", len(taps), len(want), describe(taps))
	}

	for i, tap := range taps {
		began := tap.at - tap.Tap.Read.Sub(tap.Tap.Entered)
		if late := began - time.Duration(want[i])*ms; late < 0 || late > 200*ms {
			t.Errorf("tap %d began at %v, want %d ms", i+1, began, want[i])
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

// A tag that rests is not read again. It is activated again only after the looks for another tag, 400 ms apart.
func TestWatchLeavesARestingTagAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tag := simchip.NewNTAG424(uid424, key1, key2, url424)
		chip := &activationCounter{Chip: tag}
		a := newAntenna(chip)
		var early int32

		watchWhile(t, a, func() {
			time.Sleep(time.Second)
			early = chip.activations.Load()
			time.Sleep(10 * time.Second)
		})

		if more := chip.activations.Load() - early; early == 0 || more > 25 || tag.Counter() != 1 {
			t.Errorf("%d activations in the first second, %d in 10 s, and %d reads", early, more, tag.Counter())
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

// A tag has left when it was away for 300 ms: when its return would be a new tap.
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
