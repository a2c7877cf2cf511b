// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// wakingAntenna is a reader whose looks wake tags in HALT.
func wakingAntenna(took time.Duration) *antenna {
	a := newAntenna(nil)
	a.field.WakesHalted(true)
	a.took = took
	return a
}

// A reader that wakes tags in HALT is noticed, and only such a one. Each tag is one tap with its URL as elsewhere.
func TestWatchNoticesAReaderThatWakesTags(t *testing.T) {
	for _, wakes := range []bool{false, true} {
		for _, chip := range []func() simchip.Chip{
			newNTAG424, newNTAG223, func() simchip.Chip { return newRandom424(1) }, simchip.NewClassic,
		} {
			synctest.Test(t, func(t *testing.T) {
				a := newAntenna(nil)
				a.field.WakesHalted(wakes)
				events := watchWhile(t, a, func() {
					for range 8 {
						layFor(a, chip(), 900*ms)
						time.Sleep(600 * ms)
					}
					a.field.Put(chip())
					time.Sleep(4 * time.Second)
				})

				if taps := tapEvents(events); len(taps) != 9 {
					t.Errorf("wakes %v: %d taps, want 9: %s", wakes, len(taps), describe(taps))
				}
				last := events[len(events)-1]
				if last.Kind != EventBeat || last.HaltFails != wakes {
					t.Errorf("the reader wakes tags: %v; the watch says %v", wakes, last.HaltFails)
				}
			})
		}
	}
}

// With such a reader two tags that speak ISO-DEP are told apart all the same. Of other pairs one may be all that is
// seen: then its URL is what its own chip gave, or there is none.
func TestTwoTagsAreJudgedByAReaderThatWakesTags(t *testing.T) {
	high, low := [7]byte{4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, [7]byte{4, 0, 0, 0, 0, 0, 1}
	chips := map[string]func() issuer{
		"424 high": func() issuer { return simchip.NewNTAG424(high, key1, key2, url424) },
		"424 low":  func() issuer { return simchip.NewNTAG424(low, key1, key2, url424) },
		"424":      func() issuer { return newRandom424(3) },
		"223 high": func() issuer { return simchip.NewNTAG223([7]byte{4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE}, key1, url22x) },
		"223 low":  func() issuer { return simchip.NewNTAG223([7]byte{4, 0, 0, 0, 0, 0, 2}, key1, url22x) },
	}
	for first, newFirst := range chips {
		for second, newSecond := range chips {
			if first == second && first != "424" {
				continue // two tags never have one UID
			}

			for _, after := range []int{0, 30, 700} {
				t.Run(fmt.Sprintf("%s, then %s after %d ms", first, second, after), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						one, two := newFirst(), newSecond()
						a := wakingAntenna(3 * ms)
						events := watchWhile(t, a, func() {
							a.field.Put(one)
							time.Sleep(time.Duration(after) * ms)
							a.field.Add(two)
							time.Sleep(3 * time.Second)
						})

						taps := tapEvents(events)
						last := taps[len(taps)-1].Tap
						isoDEP := one.Target().ISODEP() && two.Target().ISODEP()
						if isoDEP && last.Reason != scan.ReasonTwoTags {
							t.Errorf("got %s, want two_tags", describe(taps))
						}
						for _, e := range taps {
							if e.Tap.URL != "" && !slices.Contains(one.Issued(), e.Tap.URL) && !slices.Contains(two.Issued(), e.Tap.URL) {
								t.Errorf("no chip gave %q", e.Tap.URL)
							}
						}
						if len(taps) > 3 {
							t.Errorf("%d taps: %s", len(taps), describe(taps))
						}
					})
				})
			}
		}
	}
}

// No random UID is taken for another one with such a reader, either.
func TestRandomUIDsAreToldApartByAReaderThatWakesTags(t *testing.T) {
	for _, rest := range []int{35, 160, 1001} {
		for gap := -300; gap <= 500; gap += 11 {
			synctest.Test(t, func(t *testing.T) { swapRandomUIDs(t, wakingAntenna(3*ms), TwoTaps, false, gap, rest) })
		}
	}
}

// A tag that cannot be left in silence there is asked whether it is there. Another one in its place is a new tap.
func TestRandomUIDsOfType2AreToldApartByAReaderThatWakesTags(t *testing.T) {
	for rest := 1000; rest < 1500; rest += 7 {
		synctest.Test(t, func(t *testing.T) {
			a := wakingAntenna(3 * ms)
			events := watchWhile(t, a, func() {
				for range 2 {
					a.field.Put(&randomUIDChip{Chip: newNTAG223(), first: 0x08})
					time.Sleep(time.Duration(rest) * ms)
				}
			})
			if taps := tapEvents(events); len(taps) != 2 {
				t.Errorf("after %d ms: %s, want two taps", rest, describe(taps))
			}
		})
	}
}

// A genuine tag behind a sticker gets its lamp, where the sticker speaks ISO-DEP or loses the anticollision.
func TestTagBehindAStickerIsSeenByAReaderThatWakesTags(t *testing.T) {
	for _, sticker := range []simchip.Chip{
		simchip.NewNTAG424([7]byte{4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, key1, key2, url424),
		simchip.NewNTAG213([7]byte{4, 0, 0, 0, 0, 0, 1}, "https://example.net/x"),
	} {
		synctest.Test(t, func(t *testing.T) {
			a := wakingAntenna(3 * ms)
			a.field.Put(sticker)
			events := watchWhile(t, a, func() {
				time.Sleep(3 * time.Second)
				a.field.Add(newNTAG424())
				time.Sleep(time.Second)
			})
			if taps := tapEvents(events); len(taps) != 2 || taps[1].Tap.Reason != scan.ReasonTwoTags {
				t.Errorf("got %s, want two_tags", describe(taps))
			}
		})
	}
}
