// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim"
	simplatform "github.com/tagbase/tagbase-edge/sim/platform"
)

// killCount is how often the daemon is killed: KILLS, or a few times.
func killCount(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("KILLS"))
	if err != nil {
		return 120
	}

	t.Logf("KILLS=%d", n)
	return n
}

const killedStations = 8 // at the same time

// The daemon is killed at random moments around taps. Whatever the platform has
// processed is in the journal, no proof is posted twice, and the tap after the
// kill carries the session of the one before it.
func TestKillLosesNoScanAndPostsNoneTwice(t *testing.T) {
	t.Parallel()
	total := killCount(t)
	var posted, carried, unknown atomic.Int64
	t.Run("stations", func(t *testing.T) {
		for range killedStations {
			t.Run("station", func(t *testing.T) {
				t.Parallel()
				k := newKilledStation(t)
				for range total / killedStations {
					k.killAroundATap()
				}

				k.wantNoProofTwice()
				posted.Add(int64(len(k.bench.Platform.Posts())))
				carried.Add(int64(k.carried))
				unknown.Add(int64(k.unknown))
			})
		}
	})

	t.Logf("%d kills, %d verifications: none lost, none posted twice; %d scans in flight became unknown; "+
		"%d taps after a kill carried the session of the one before",
		total/killedStations*killedStations, posted.Load(), unknown.Load(), carried.Load())
	if carried.Load() == 0 || unknown.Load() == 0 {
		t.Error("the kills did not come before and after the answers")
	}
}

// A killedStation is one whose daemon is killed again and again.
type killedStation struct {
	*testStation
	told             chan bool
	tags             []string
	seen             int // verifications that have been looked for
	carried, unknown int
}

func newKilledStation(t *testing.T) *killedStation {
	k := &killedStation{
		testStation: newTestStation(t, "simulated", "", nil),
		told:        make(chan bool, 1),
		tags:        []string{"genuine-424", "genuine-223"},
	}

	k.bench.Platform.OnPost(func(simplatform.Post) {
		select {
		case k.told <- true:
		default:
		}
	})

	k.startDaemonAndAwaitReader()
	t.Cleanup(func() {
		k.daemon.Stop()
		k.searchForSecrets()
	})

	return k
}

// killAroundATap kills the daemon around a tap, starts it again, and taps once more.
func (k *killedStation) killAroundATap() {
	k.Helper()
	slices.Reverse(k.tags) // the same tag counts once a second
	tag := k.tags[0]
	select {
	case <-k.told:
	default:
	}

	k.put(tag)
	k.awaitRandomMoment()
	k.daemon.Process().Kill()
	k.daemon.Wait()
	k.bench.Field.Remove()
	k.startDaemonAndAwaitReader()
	k.wantIntents()
	before := k.lastJournaledScan(tag)
	k.put(tag)
	scan := k.nextScan()
	k.bench.Field.Remove()
	switch {
	case before.Outcome == "pending" && scan.CarriedSession == before.Session:
		k.carried++
	case before.Outcome == "pending":
		k.Fatalf("after %+v the next tap carried %q", before, scan.CarriedSession)
	case before.Outcome == "unknown" && before.Reason == "restart":
		k.unknown++
	}
}

// awaitRandomMoment waits for one before, during or after the scan.
func (k *killedStation) awaitRandomMoment() {
	if rand.IntN(2) == 0 {
		k.letPass(rand.N(60 * time.Millisecond))
		return
	}

	await.Value(k, "the scan is posted", k.told)
	k.letPass(rand.N(3 * time.Millisecond))
}

// wantIntents finds an intent for every verification that the platform has processed.
func (k *killedStation) wantIntents() {
	k.Helper()
	all := k.bench.Platform.Posts()
	if len(all) == k.seen {
		return
	}

	intents := map[string]bool{}
	for line := range strings.Lines(k.journal()) {
		var intent struct{ K, Params string }
		if json.Unmarshal([]byte(line[min(9, len(line)):]), &intent) == nil && intent.K == "intent" {
			intents[intent.Params] = true
		}
	}

	for _, v := range all[k.seen:] {
		if !intents[parametersHash(v.Attributes)] {
			k.Fatalf("verification %d of %s is not in the journal", v.Seq, v.TagID)
		}
	}

	k.seen = len(all)
}

// journal is the newest two segments.
func (k *killedStation) journal() string {
	k.Helper()
	segments, err := filepath.Glob(k.bench.Dir + "/state/journal/*.jsonl")
	if err != nil {
		k.Fatal(err)
	}

	var text strings.Builder
	for _, segment := range segments[max(0, len(segments)-2):] {
		b, err := os.ReadFile(segment)
		if err != nil {
			k.Fatal(err)
		}

		text.Write(b)
	}

	return text.String()
}

// lastJournaledScan is the newest finished scan of the tag in the journal.
func (k *killedStation) lastJournaledScan(name string) (last sim.ScanLine) {
	id := map[string]string{"genuine-424": sim.Tag424, "genuine-223": sim.Tag223}[name]
	for line := range strings.Lines(k.journal()) {
		var scan struct {
			K string
			sim.ScanLine
		}

		if json.Unmarshal([]byte(line[min(9, len(line)):]), &scan) == nil && scan.K == "scan" && scan.Tag == id {
			last = scan.ScanLine
		}
	}

	return last
}

func (k *killedStation) wantNoProofTwice() {
	proofs := map[string]int{}
	for _, v := range k.bench.Platform.Posts() {
		if proofs[parametersHash(v.Attributes)]++; proofs[parametersHash(v.Attributes)] > 1 {
			k.Errorf("a proof of %s was posted twice", v.TagID)
		}
	}
}

// parametersHash is a journal's "params": SHA-256 of the parameters in the order of their
// names, a zero byte after each name and each value.
func parametersHash(params map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(params)) {
		h.Write([]byte(name + "\x00" + params[name] + "\x00"))
	}

	return hex.EncodeToString(h.Sum(nil))
}
