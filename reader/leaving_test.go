// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// tapsCutShort returns how many taps the test cuts short: the environment's TAPS, or 400.
func tapsCutShort(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("TAPS"))
	if err != nil {
		return 400
	}
	t.Logf("TAPS=%d", n)
	return n
}

// An issuer is a chip that remembers the URLs that it gave as a whole.
type issuer interface {
	simchip.Chip
	Issued() []string
}

// Tags leave at any moment of a read and come back at any other. No URL is read that
// the chip did not issue as a whole, and none is read twice.
func TestTagsThatLeave(t *testing.T) {
	t.Parallel()
	long := url424 + "&note=" + fmt.Sprintf("%0080d", 0) // more than one READ BINARY
	perActivation := simchip.NewNTAG424(uid424, key1, key2, url424)
	perActivation.CountPerActivation = true

	chips := []issuer{
		simchip.NewNTAG424(uid424, key1, key2, url424),
		simchip.NewNTAG424(uid424, key1, key2, long),
		perActivation,
		simchip.NewNTAG223(uid22x, key1, url22x),
	}

	total, read, second := tapsCutShort(t), 0, 0
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	r := libnfcRig(t)
	dev := r.open(t)
	defer dev.Close()
	given := make(map[string]bool)

	for n := range total {
		chip := chips[n%len(chips)]
		liveness := []Liveness{TwoTaps, OneTap}[random.IntN(2)]
		r.field.LeaveAfter(-1)
		r.field.Put(chip)
		x := newDialogue(dev, Target(chip.Target()), time.Now(), liveness)
		if err := x.again(); err != nil { // a busy machine makes libnfc lose a frame now and then
			t.Fatal(err)
		}

		r.field.LeaveAfter(random.IntN(14))
		moved := make(chan bool)
		back := time.AfterFunc(time.Duration(random.IntN(60))*ms, func() {
			defer close(moved)
			r.field.LeaveAfter(-1)
			if random := rand.IntN(3); random > 0 {
				r.field.Put(chip)
			}
		})
		// Little time, so that many taps end without a URL.
		tap, err := Read(dev, x.target, time.Now().Add(-maxTapTime+time.Duration(20+random.IntN(180))*ms), liveness)
		if !back.Stop() {
			await(t, "the tag's coming back", moved)
		}

		if err != nil {
			t.Fatalf("tap %d: %v", n, err)
		}

		for _, url := range []string{tap.URL, tap.Second} {
			if url == "" {
				continue
			}
			if !slices.Contains(chip.Issued(), url) {
				t.Errorf("tap %d: the chip never gave %q as a whole", n, url)
			}

			if given[url] {
				t.Errorf("tap %d: %q once more", n, url)
			}
			given[url] = true
		}

		if tap.URL != "" {
			read++
		}
		if tap.Second != "" {
			second++
		}
	}

	t.Logf("%d taps: %d gave a URL, %d a second one; none that the chip did not issue as a whole", total, read, second)
	if read == 0 || read == total || second == 0 || second == read {
		t.Error("the tags did not leave at all moments")
	}
}
