// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// restingChips are tags that somebody may have forgotten on the reader, or stuck below its cover.
var restingChips = map[string]func() simchip.Chip{
	"sticker": func() simchip.Chip { return simchip.NewForeign("https://example.net/x") },
	"classic": simchip.NewClassic,
	"424": func() simchip.Chip {
		return simchip.NewNTAG424([7]byte{4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, key1, key2, url424)
	},
	"223":          func() simchip.Chip { return simchip.NewNTAG223([7]byte{4, 0, 0, 0, 0, 0, 1}, key1, url22x) },
	"payment card": func() simchip.Chip { return &randomUIDChip{Chip: simchip.NewPaymentCard(), first: 0x08} },
	"random UID":   func() simchip.Chip { return newRandom424(9) },
}

// A tag that rests does not hide the tags that are laid behind it: each of them gets its lamp within a second, at
// every tap, and nobody's URL is posted. The resting tag is no tap again.
func TestWatchSeesTagsBehindOneThatRests(t *testing.T) {
	for name, resting := range restingChips {
		for _, tapped := range []func() simchip.Chip{newNTAG424, newNTAG223, func() simchip.Chip { return newRandom424(2) }} {
			for _, took := range []int{0, 3} { // milliseconds, by each command
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { tapBehind(t, resting(), tapped(), time.Duration(took)*ms) })
				})
			}
		}
	}
}

func tapBehind(t *testing.T, resting, tapped simchip.Chip, took time.Duration) {
	a := newAntenna(resting)
	a.took = took
	start := time.Now()
	var laid []time.Duration
	events := watchWhile(t, a, func() {
		time.Sleep(17 * time.Second)
		for i := range 4 {
			laid = append(laid, time.Since(start))
			a.field.Add(tapped)
			time.Sleep(time.Second)
			a.field.Take(tapped)
			time.Sleep(time.Duration(1500+37*i) * ms)
		}
		time.Sleep(5 * time.Second)
	})

	taps := tapEvents(events)
	if len(taps) != 5 {
		t.Fatalf("%d taps, want one of the resting tag and four behind it: %s", len(taps), describe(taps))
	}
	for i, tap := range taps[1:] {
		if tap.Tap.Reason != scan.ReasonTwoTags {
			t.Errorf("tap %d behind the resting tag: %q, %q", i+1, tap.Tap.URL, tap.Tap.Reason)
		}
		entered := events[slices.IndexFunc(events, func(e seen) bool {
			return e.Kind == EventEntered && e.Tap.Entered.Equal(tap.Tap.Entered)
		})]
		if late := entered.at - laid[i]; late < 0 || late > time.Second {
			t.Errorf("tap %d behind the resting tag began after %v", i+1, late)
		}
	}
}

// Two tags that rest beside each other are one tap each, however long they lie there.
func TestWatchCountsTwoTagsThatRestOnce(t *testing.T) {
	for name, resting := range restingChips {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAntenna(resting())
				a.took = 3 * ms
				events := watchWhile(t, a, func() {
					time.Sleep(5 * time.Second)
					a.field.Add(newNTAG424())
					a.field.Add(newNTAG223())
					time.Sleep(40 * time.Second)
				})
				if taps := tapEvents(events); len(taps) < 2 || len(taps) > 3 {
					t.Errorf("taps of three tags: %s", describe(taps))
				}
			})
		})
	}
}

// Each beat says since when the oldest tag lies on the reader, whoever is tapped behind it.
func TestWatchSaysSinceWhenATagRests(t *testing.T) {
	for name, resting := range restingChips {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAntenna(nil)
				start := time.Now()
				on := resting()
				events := watchWhile(t, a, func() {
					time.Sleep(time.Second)
					a.field.Put(on)
					time.Sleep(20 * time.Second)
					layBeside(a, newNTAG424(), 1500*ms)
					time.Sleep(9 * time.Second)
					a.field.Remove()
					time.Sleep(18 * time.Second)
				})

				for _, e := range events {
					switch since := e.Tap.Entered.Sub(start); {
					case e.Kind != EventBeat:
					case e.at > 2*time.Second && e.at < 31*time.Second && (since < time.Second || since > 1100*ms):
						t.Errorf("at %v the tag rests since %v", e.at, since)
					case (e.at < time.Second || e.at > 48*time.Second) && !e.Tap.Entered.IsZero():
						t.Errorf("at %v a tag rests since %v", e.at, since)
					}
				}
			})
		})
	}
}

func layBeside(a *antenna, tag simchip.Chip, d time.Duration) {
	a.field.Add(tag)
	time.Sleep(d)
	a.field.Take(tag)
}
