// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

func oneTap(b *sim.Bench) { b.Liveness = "one-tap" }

// A genuine tag is green after one tap: two scans, two lines, the second in the
// session of the first and posted after its answer.
func TestOneTapTurnsGreenAfterTwoScans(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"genuine-424", "genuine-424 by activation", "genuine-223"} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			onEachReaderWith(t, oneTap, "", func(r *testStation) {
				chip, _ := r.bench.Tags.Find(tag[:len("genuine-424")])
				if tag == "genuine-424 by activation" {
					chip.(*simchip.NTAG424).CountPerActivation = true
				}

				for range 2 {
					posts, answer := r.holdAnswers()
					r.bench.Field.Put(chip)
					await.Value(r, "the first proof is posted", posts)

					await.Elapse(300 * time.Millisecond)
					if len(posts) > 0 {
						r.Error("the second proof was posted before the first was answered")
					}

					if lit := r.bench.Lamps.Lit(); lit != amber {
						r.Errorf("after the first proof %v is lit, want amber", lit)
					}

					answer()
					first, second := r.nextScan(), r.nextScan()
					r.wantOutcome(first, "pending", "")
					r.wantOutcome(second, "valid", "")
					if first.CarriedSession != "" || first.Session == "" || second.CarriedSession != first.Session {
						r.Errorf("the first carried %q, was answered %q, the second carried %q",
							first.CarriedSession, first.Session, second.CarriedSession)
					}

					if second.Seq != first.Seq+1 || second.UID != first.UID || second.Tag != first.Tag {
						r.Errorf("two scans of one tap: %+v and %+v", first, second)
					}

					r.awaitLamps(green)
					r.takeAway()
					r.wantNoScan(100 * time.Millisecond)
				}
			})
		})
	}
}

// wantNoScan wants no scan to be finished within d.
func (r *testStation) wantNoScan(d time.Duration) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), d)
	defer cancel()
	if scan, err := r.daemon.NextScan(ctx); !errors.Is(err, context.DeadlineExceeded) {
		r.Errorf("one scan more: %+v, %v", scan, err)
	}
}

// A copy that repeats its URL is red after one tap.
func TestOneTapOfACopyTurnsRed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"a sticker", "an emulated 424", "an emulated 223"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			onEachReaderWith(t, oneTap, "", func(r *testStation) {
				genuine, _ := r.bench.Tags.Find("genuine-424")
				captured := genuine.(*simchip.NTAG424).Capture()
				clone := simchip.NewClone(captured)
				if kind != "a sticker" {
					like, _ := r.bench.Tags.Find("genuine-" + kind[len(kind)-3:])
					clone = simchip.NewClone(captured, like.Target())
				}

				r.bench.Field.Put(clone)
				r.wantOutcome(r.nextScan(), "pending", "")
				r.wantOutcome(r.nextScan(), "invalid", "")
				r.awaitLamps(red)
				if n := len(r.bench.Platform.Posts()); n != 2 {
					r.Errorf("%d posts, want 2", n)
				}
			})
		})
	}
}

// The second proof is of no use unless the first is pending.
func TestOneTapDropsTheSecondProofUnlessPending(t *testing.T) {
	t.Parallel()
	onEachReaderWith(t, oneTap, "", func(r *testStation) {
		r.bench.Field.Put(simchip.NewClone("https://www.example.net/menu?table=7"))
		r.wantOutcome(r.nextScan(), "foreign", "entry_point")
		r.takeAway()

		r.put("clone")
		r.wantOutcome(r.nextScan(), "pending", "")
		r.wantOutcome(r.nextScan(), "invalid", "")
		r.takeAway()

		r.bench.Platform.Revoke()
		r.put("genuine-223")
		r.wantOutcome(r.nextScan(), "refused", "key")
		r.awaitLamps(amber)
		r.takeAway()
		r.wantNoScan(100 * time.Millisecond)
		if n := len(r.bench.Platform.Posts()); n != 3 {
			r.Errorf("%d posts, want 3", n)
		}
	})
}

// A tag that leaves before its second proof is read makes an ordinary first scan,
// and the next tap of it is green.
func TestOneTapWithoutASecondProofIsAFirstScan(t *testing.T) {
	t.Parallel()
	for _, tag := range []struct {
		name   string
		leaves []int // after so many exchanges, of which one is its activation
	}{
		{"genuine-424", []int{4, 5}},
		{"genuine-223", []int{4, 5}},
	} {
		for _, n := range tag.leaves {
			t.Run(fmt.Sprint(tag.name, " after ", n), func(t *testing.T) {
				t.Parallel()
				onEachReaderWith(t, oneTap, "", func(r *testStation) {
					r.bench.Field.LeaveAfter(n)
					r.put(tag.name)
					first := r.nextScan()
					r.wantOutcome(first, "pending", "")
					r.wantNoScan(400 * time.Millisecond)
					r.bench.Field.LeaveAfter(-1)
					r.put(tag.name)
					second := r.nextScan()
					r.wantOutcome(second, "valid", "")
					if second.CarriedSession != first.Session {
						r.Errorf("the next tap carried %q, want %q", second.CarriedSession, first.Session)
					}

					r.takeAway()
					r.wantNoScan(100 * time.Millisecond)
				})
			})
		}
	}
}

// Two tags at once are refused, whatever they are; none is posted. One of them
// alone is a tap.
func TestTwoTagsAtOnceAreUnreadable(t *testing.T) {
	t.Parallel()
	for _, liveness := range []string{"two-taps", "one-tap"} {
		for _, pair := range [][2]string{
			{"genuine-424", "genuine-223"}, {"genuine-424", "clone"}, {"genuine-223", "blank"},
			{"payment", "genuine-424"}, {"payment", "genuine-223"}, {"classic", "genuine-424"},
		} {
			t.Run(liveness+" "+pair[0]+" and "+pair[1], func(t *testing.T) {
				t.Parallel()
				onEachReaderWith(t, func(b *sim.Bench) { b.Liveness = liveness }, "", func(r *testStation) {
					a, _ := r.bench.Tags.Find(pair[0])
					b, _ := r.bench.Tags.Find(pair[1])
					r.bench.Field.Put(a, b)
					r.wantOutcome(r.nextScan(), "unreadable", "two_tags")
					r.awaitLamps(amber)
					r.wantNoScan(time.Second)
					if n := len(r.bench.Platform.Posts()); n != 0 {
						r.Errorf("%d were posted", n)
					}

					r.takeAway()
					r.put("genuine-424")
					r.wantOutcome(r.nextScan(), "pending", "")
				})
			})
		}
	}
}

// If SIGTERM comes while the platform answers the first proof, the second one is not posted.
func TestOneTapPostsNoSecondProofAfterSIGTERM(t *testing.T) {
	t.Parallel()
	onEachReaderWith(t, oneTap, "", func(r *testStation) {
		asked, answer := r.holdAnswers()

		r.put("genuine-424")
		await.Value(r, "the platform is asked", asked)
		r.daemon.Process().Signal(syscall.SIGTERM)
		r.letPass(200 * time.Millisecond) // for the signal to arrive: the daemon says nothing before it ends
		answer()
		r.wantOutcome(r.nextScan(), "pending", "")
		if err := r.daemon.Wait(); err != nil {
			r.Error(err)
		}

		if n := len(r.bench.Platform.Posts()); n != 1 {
			r.Errorf("%d posts, want 1", n)
		}
	})
}
