// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// wantOnePost wants one scan posted: a tag was put once and never left.
func (w *faultyStation) wantOnePost() {
	w.Helper()
	if n := len(w.bench.Platform.Posts()); n != 1 {
		w.Errorf("one presentation was posted %d times", n)
	}

	if strings.Contains(w.daemon.Log(), `"outcome":"valid"`) {
		w.Error("green after one presentation")
	}
}

// A tag that rests is one tap, whatever its reader goes through meanwhile.
func TestRestingTagIsOneTapThroughReaderFaults(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"genuine-424", "genuine-223"} {
		for _, f := range []simreader.Fault{
			{Kind: simreader.Slow, For: 500 * time.Millisecond}, {Kind: simreader.DropACK}, {Kind: simreader.Truncated},
			{Kind: simreader.GarbageInstead}, {Kind: simreader.ErrorFrame}, {Kind: simreader.BadChecksum},
			{Kind: simreader.AnswerNACK},
			{Kind: simreader.HangBeforeACK, For: 400 * time.Millisecond},
			{Kind: simreader.HangAfterACK, For: time.Second}, {Kind: simreader.BrownOut},
		} {
			for _, f.Times = range []int{1, 2, 5} {
				if f.Times > 1 && (f.Kind == simreader.HangAfterACK || f.Kind == simreader.BrownOut) {
					continue
				}

				t.Run(fmt.Sprintf("%s %+v", tag, f), func(t *testing.T) {
					t.Parallel()
					w := newFaultyStationWithoutTap(t, "libnfc", nil)
					w.put(tag)
					w.wantOutcome(w.nextScan(), "pending", "")
					w.letPass(300 * time.Millisecond)
					w.bench.PN532.Break(f)
					w.await("struck", func() bool { return w.bench.PN532.Broken() > 0 })
					w.letPass(3 * time.Second)
					w.wantOnePost()
				})
			}
		}
	}
}

// Nor does it count again when the reader was pulled out and plugged in, whatever the
// first look at it meets.
func TestRestingTagIsOneTapThroughAReplug(t *testing.T) {
	t.Parallel()
	for _, f := range []simreader.Fault{
		{}, {Kind: simreader.Slow, For: 60 * time.Millisecond}, {Kind: simreader.Slow, For: 200 * time.Millisecond},
		{Kind: simreader.DropACK}, {Kind: simreader.BadChecksum}, {Kind: simreader.Truncated},
		{Kind: simreader.ErrorFrame}, {Kind: simreader.AnswerNACK},
	} {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			t.Parallel()
			w := newFaultyStationWithoutTap(t, "libnfc", nil)
			w.put("genuine-424")
			w.wantOutcome(w.nextScan(), "pending", "")
			w.letPass(300 * time.Millisecond)
			w.unplug()
			w.letPass(time.Second)
			if f.On = inListPassiveTarget; f.Kind != 0 {
				w.bench.PN532.Break(f)
			}

			w.plug()
			w.letPass(3 * time.Second)
			w.wantOnePost()
		})
	}
}

// A tag that was laid down while the reader was gone may be the one that rested
// before: it is not read, and amber asks for another tap.
func TestTagLaidDownInAnOutageIsNotRead(t *testing.T) {
	t.Parallel()
	w := newFaultyStationWithoutTap(t, "libnfc", nil)
	w.put("genuine-424")
	w.wantOutcome(w.nextScan(), "pending", "")
	w.bench.Field.Remove()
	w.unplug()
	w.put("genuine-424")
	w.awaitLamps(amber) // service code 1
	w.letPass(11 * time.Second)
	changes, _ := w.bench.Lamps.Changes(0)
	w.plug()
	w.await("amber blinks fast", func() bool {
		news, _ := w.bench.Lamps.Changes(len(changes))
		blinks := 0
		for i := 1; i < len(news); i++ {
			if news[i].Time.Sub(news[i-1].Time) < 200*time.Millisecond {
				blinks++
			}
		}

		return blinks >= 6
	})

	w.wantOnePost()
	w.takeAway()
	w.put("genuine-424")
	w.wantOutcome(w.nextScan(), "valid", "")
}

// Genuine tags in one tap, through faults at any moment: never red, no proof posted twice,
// and no more than two of one presentation.
func TestOneTapNeverTurnsRedThroughReaderFaults(t *testing.T) {
	t.Parallel()
	kinds := []simreader.FaultKind{
		simreader.HangBeforeACK, simreader.HangAfterACK, simreader.DropACK, simreader.AnswerNACK,
		simreader.GarbageBefore, simreader.GarbageInstead, simreader.BadChecksum, simreader.BadLength,
		simreader.Truncated, simreader.Slow, simreader.ErrorFrame, simreader.NADBit, simreader.BrownOut,
		simreader.LongPreamble, simreader.OneBehind, simreader.DeafOnAbort,
	}

	for _, tag := range []string{"genuine-424", "genuine-424 by activation", "genuine-223"} {
		for n := range 2 {
			t.Run(fmt.Sprint(tag, " ", n), func(t *testing.T) {
				t.Parallel()
				w := newFaultyStationWithoutTap(t, "libnfc", oneTap)
				chip, _ := w.bench.Tags.Find(tag[:len("genuine-424")])
				if c, ok := chip.(*simchip.NTAG424); ok {
					c.CountPerActivation = strings.HasSuffix(tag, "activation")
				}

				posted, seen := 0, map[string]bool{}
				for range 4 {
					f := simreader.Fault{
						Kind: kinds[rand.IntN(len(kinds))], Skip: rand.IntN(30), Times: 1 + rand.IntN(2),
						For: []time.Duration{100, 250, 500}[rand.IntN(3)] * time.Millisecond,
					}

					w.bench.PN532.Break(f)
					w.bench.Field.Put(chip)
					w.letPass(1500 * time.Millisecond)
					w.bench.Field.Remove()
					w.bench.PN532.Mend()
					w.letPass(1200 * time.Millisecond)
					news := w.bench.Platform.Posts()[posted:]
					posted += len(news)
					if len(news) > 2 {
						w.Errorf("%+v: %d posts of one presentation", f, len(news))
					}

					for _, v := range news {
						if v.Status != "pending" && v.Status != "valid" {
							w.Errorf("%+v: a genuine tag is %s", f, v.Status)
						}

						if hash := parametersHash(v.Attributes); seen[hash] {
							w.Errorf("%+v: %v was posted twice", f, v.Attributes)
						} else {
							seen[hash] = true
						}
					}
				}
			})
		}
	}
}
