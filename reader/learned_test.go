// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// layFor lays a tag on the antenna and takes it away again after d.
func layFor(a *antenna, tag simchip.Chip, d time.Duration) {
	a.field.Put(tag)
	time.Sleep(d)
	a.field.Remove()
}

// A station asks a tag for as many bytes as the last one's file held. Tags with longer and shorter URLs
// are read whole, and every URL is one that its chip gave.
func TestReadLengthIsLearnedFromTheLastTag(t *testing.T) {
	long, longer := url424+strings.Repeat("x", 40), url424+strings.Repeat("x", 120)
	synctest.Test(t, func(t *testing.T) {
		a := newAntenna(nil)
		var chips []*simchip.NTAG424
		events := watchWhile(t, a, func() {
			for i, url := range []string{url424, url424, long, long, longer, longer, url424} {
				chip := simchip.NewNTAG424([7]byte{4, 1, 1, 1, 1, 1, byte(i)}, key1, key2, url)
				chips = append(chips, chip)
				layFor(a, chip, 300*time.Millisecond)
				time.Sleep(200 * time.Millisecond)
			}
		})

		tap := 0
		for _, e := range events {
			if e.Kind != EventTap {
				continue
			}
			if !slices.Contains(chips[tap].Issued(), e.Tap.URL) {
				t.Errorf("tap %d: %q, %q is not a URL of this chip", tap, e.Tap.URL, e.Tap.Reason)
			}
			tap++
		}

		if tap != len(chips) {
			t.Errorf("%d taps, want %d", tap, len(chips))
		}
		var reads []int
		for _, tx := range a.sent {
			if len(tx) == 5 && tx[1] == 0xB0 {
				reads = append(reads, int(tx[4]))
			}
		}

		whole := func(n int) int { return 2 + 5 - len("https://") + len(chips[n].Issued()[0]) }
		short, mid, big := whole(0), whole(2), whole(4)
		want := []int{shortRead, short, short, mid - short, mid, mid, big - mid, big, big}
		if !slices.Equal(reads, want) {
			t.Errorf("reads of %d bytes, want %d", reads, want)
		}
	})
}

// The long read that an NTAG 424 DNA takes is not tried on a card of another kind, which may refuse it.
func TestReadLengthOfAnNTAG424IsNotUsedForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAntenna(nil)
		short := newType4Card(urlMessage(4, "a.example/tag_a?e=1"))
		short.mle = shortRead

		watchWhile(t, a, func() {
			layFor(a, simchip.NewNTAG424(uid424, key1, key2, url424+strings.Repeat("x", 120)), 300*time.Millisecond)
			time.Sleep(200 * time.Millisecond)
			a.sent = nil
			layFor(a, short, 300*time.Millisecond)
		})

		if got, want := apdus(a.sent), "application E104 read"; got != want {
			t.Errorf("the card was told %s, want %s", got, want)
		}
	})
}
