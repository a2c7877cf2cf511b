// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// newRandom424 is an NTAG 424 DNA that shows another random UID each time it gets power, and keeps it while it has.
func newRandom424(last byte) *simchip.NTAG424 {
	uid := uid424
	uid[6] = last
	chip := simchip.NewNTAG424(uid, key1, key2, url424)
	chip.RandomID = true
	return chip
}

// Two tags with random UIDs, of which one takes the other's place: whatever was lit for the first goes out at once,
// and nothing but the second one's own verdict is lit over the second.
func TestWatchTakesNoRandomUIDForAnother(t *testing.T) {
	rests := []int{35, 70, 160, 333, 1001, 2603} // milliseconds that the first lies there
	for _, took := range []int{0, 2, 17} {       // milliseconds, by each command
		for _, rest := range rests {
			t.Run(fmt.Sprintf("%d ms, %d ms a command", rest, took), func(t *testing.T) {
				for gap := -300; gap <= 500; gap += 7 {
					synctest.Test(t, func(t *testing.T) { swapRandomUIDs(t, slowAntenna(took), TwoTaps, false, gap, rest) })
				}
			})
		}
	}
}

// Every millisecond at which the second tag may take the first one's place, right behind it: within the tap, while
// the field is off, and after it.
func TestWatchTakesNoRandomUIDForAnotherAtAnyMoment(t *testing.T) {
	for _, gap := range []int{-12, 0, 9} {
		for rest := 0; rest < 300; rest++ {
			synctest.Test(t, func(t *testing.T) { swapRandomUIDs(t, slowAntenna(3), TwoTaps, false, gap, rest) })
			synctest.Test(t, func(t *testing.T) { swapRandomUIDs(t, slowAntenna(3), OneTap, false, gap, rest) })
			// Behind a shorter gap it may take the place while the field is off between the two proofs.
			synctest.Test(t, func(t *testing.T) { swapRandomUIDs(t, slowAntenna(3), OneTap, true, gap+40, rest) })
		}
	}
}

// slowAntenna is one whose commands take so many milliseconds each.
func slowAntenna(took int) *antenna {
	a := newAntenna(nil)
	a.took = time.Duration(took) * ms
	return a
}

// swapRandomUIDs lays the first tag down for so many milliseconds, and the second so many after the first has
// gone; a negative gap lets them lie together.
func swapRandomUIDs(t *testing.T, a *antenna, liveness Liveness, perActivation bool, gap, rest int) {
	first, second := newRandom424(1), newRandom424(2)
	first.CountPerActivation, second.CountPerActivation = perActivation, perActivation
	var alone time.Duration // when the second had the antenna to itself

	start := time.Now()
	events := watchByWhile(t, newWatch(liveness, nil, nil), a, func() {
		time.Sleep(200 * ms)
		a.field.Put(first)
		time.Sleep(max(0, time.Duration(rest+min(gap, 0))*ms))
		if gap < 0 {
			a.field.Add(second)
			time.Sleep(time.Duration(-gap) * ms)
			a.field.Take(first)
		} else {
			a.field.Remove()
			time.Sleep(time.Duration(gap) * ms)
			a.field.Put(second)
		}
		alone = time.Since(start)
		time.Sleep(4 * time.Second) // the lamp is lit for 3 s
	})

	// What the lamps show in the end is the last tap's.
	taps := tapEvents(events)
	if len(taps) == 0 {
		t.Fatalf("gap %d, rest %d: no tap", gap, rest)
	}
	last := taps[len(taps)-1].Tap
	if last.Reason == "" && !slices.Contains(second.Issued(), last.URL) {
		t.Errorf("gap %d, rest %d: the first one's verdict shines over the second: %s", gap, rest, describe(events))
	}
	if last.Reason != "" && (last.Reason != scan.ReasonTwoTags || gap >= 0) {
		t.Errorf("gap %d, rest %d: the second tag was not read: %s", gap, rest, describe(events))
	}

	// A verdict for the first goes out as soon as the second is found.
	for _, e := range taps {
		if slices.Contains(first.Issued(), e.Tap.URL) && e.at > alone+200*ms {
			t.Errorf("gap %d, rest %d: the first one's tap came %v after it had gone", gap, rest, e.at-alone)
		}
	}
	entered := slices.DeleteFunc(slices.Clone(events), func(e seen) bool { return e.Kind != EventEntered })
	if e := entered[len(entered)-1]; e.at > alone+200*ms {
		t.Errorf("gap %d, rest %d: the last tap began %v after the first had gone", gap, rest, e.at-alone)
	}
	if len(taps) > 3 {
		t.Errorf("gap %d, rest %d: %d taps: %s", gap, rest, len(taps), describe(events))
	}
}

// A tag that lies still is one tap, although the reader switches the field and it shows another UID then.
func TestWatchTakesARandomUIDThatLiesStillForOneTap(t *testing.T) {
	for _, liveness := range []Liveness{TwoTaps, OneTap} {
		for _, perActivation := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, counts per activation %v", liveness, perActivation), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					chip := newRandom424(1)
					chip.CountPerActivation = perActivation
					a := newAntenna(nil)
					a.took = 3 * ms
					w := newWatch(liveness, nil, nil)
					events := watchByWhile(t, w, a, func() {
						time.Sleep(500 * ms)
						layFor(a, chip, 50*time.Second)
						time.Sleep(2 * time.Second)
					})

					taps := tapEvents(events)
					if len(taps) != 1 || !slices.Contains(chip.Issued(), taps[0].Tap.URL) {
						t.Fatalf("got %s, want one tap with a URL", describe(taps))
					}
					if second := taps[0].Tap.Second; (second != "") != (liveness == OneTap) ||
						second != "" && !slices.Contains(chip.Issued(), second) {
						t.Errorf("the second URL is %q", second)
					}
					if want := uint32(len(chip.Issued())); chip.Counter() != want {
						t.Errorf("count %d, want %d", chip.Counter(), want)
					}
					if last := events[len(events)-1]; last.Kind == EventBeat && last.Tap.UID != "" {
						t.Errorf("two seconds after it left the reader still says %s", last.Tap.UID)
					}
				})
			})
		}
	}
}

// A tag with a random UID that is laid beside another one, and stays there, is refused once. Neither is a tap again.
func TestWatchRefusesTwoRandomUIDsOnce(t *testing.T) {
	for after := 0; after < 25_000; after += 11 + after/8 {
		synctest.Test(t, func(t *testing.T) {
			a := newAntenna(nil)
			a.took = 3 * ms
			events := watchWhile(t, a, func() {
				a.field.Put(newRandom424(1))
				time.Sleep(time.Duration(after) * ms)
				a.field.Add(newRandom424(2))
				time.Sleep(5 * time.Second)
			})

			taps := tapEvents(events)
			last := taps[len(taps)-1]
			if last.Tap.Reason != scan.ReasonTwoTags || len(taps) > 2 || last.at > time.Duration(after+250)*ms {
				t.Errorf("another tag after %d ms: %s", after, describe(taps))
			}
		})
	}
}

// slowFault is a reader whose next look fails after 200 ms.
type slowFault struct {
	*antenna
	next atomic.Bool
}

func (s *slowFault) Select(looks int) (Target, error) {
	if s.next.Swap(false) {
		time.Sleep(200 * ms)
		return Target{}, errBroken
	}
	return s.antenna.Select(looks)
}

// Whoever lies there when a reader answers again, with a random UID, may be somebody else.
func TestWatchReadsARandomUIDWhenTheReaderIsBack(t *testing.T) {
	for _, reopened := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			first, second := newRandom424(1), newRandom424(2)
			i := &slowFault{antenna: newAntenna(first)}
			w := newWatch(TwoTaps, nil, nil)
			events := watchByWhile(t, w, i, func() {
				time.Sleep(500 * ms)
				if !reopened {
					i.next.Store(true)
					time.Sleep(150 * ms)
					i.field.Put(second)
					time.Sleep(2 * time.Second)
				}
			})
			if reopened {
				i.field.Put(second)
				events = append(events, watchByWhile(t, w, i, func() { time.Sleep(2 * time.Second) })...)
			}

			taps := tapEvents(events)
			if len(taps) != 2 || !slices.Contains(second.Issued(), taps[1].Tap.URL) {
				t.Errorf("reopened %v: taps %s; the second tag gave %q", reopened, describe(taps), second.Issued())
			}
		})
	}
}

// A tag that could not be read is a new tap whenever it comes back.
func TestWatchReadsARandomUIDAgainAfterATornTap(t *testing.T) {
	t.Parallel()
	torn := &randomUIDChip{Chip: muteTag{simchip.Target{SAK: 0x20, ATS: []byte{1}}}, first: 0x08}
	for away := 50; away < 1500; away += 3 {
		synctest.Test(t, func(t *testing.T) {
			a := newAntenna(nil)
			events := watchWhile(t, a, func() { move(a, torn, []int{1200, away, 1200}) })
			if taps := tapEvents(events); len(taps) != 2 {
				t.Errorf("away for %d ms: %s", away, describe(taps))
			}
		})
	}
}
