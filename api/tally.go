// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"sync"

	"github.com/tagbase/tagbase-edge/scan"
)

// A tally counts finished scans for the metrics. Every label exists from the start, with
// 0, so that Prometheus can compute a rate before the first one happens. Any goroutine
// may use it.
type tally struct {
	mu       sync.Mutex // guards what follows
	scans    map[scan.Outcome]uint64
	carried  map[string]uint64
	duration []uint64 // scans in each bucket
	seconds  float64  // sum of all durations
}

// carriedResults are what can happen to a session that a scan carried.
var carriedResults = []string{"same", "other", "refused"}

// durations are the upper bounds of the buckets, in seconds: dense around a usual tap
// (0.1 to 0.5 s), up to the default timeout of 8 s.
var durations = []float64{.05, .1, .25, .5, 1, 2, 4, 8}

func newTally() *tally {
	return &tally{
		scans:    make(map[scan.Outcome]uint64),
		carried:  make(map[string]uint64),
		duration: make([]uint64, len(durations)+1), // the last one is for everything that took longer
	}
}

func (t *tally) count(s scan.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()

	t.scans[s.Outcome]++

	// Without an answer, a scan says nothing about how fast verifications are.
	if s.HTTPStatus > 0 {
		bucket, _ := slices.BinarySearch(durations, s.TotalMS/1000)
		t.duration[bucket]++
		t.seconds += s.TotalMS / 1000
	}

	switch {
	case s.CarriedSession == "" || s.HTTPStatus == 0:
	case s.Session == s.CarriedSession:
		t.carried["same"]++
	case s.Session != "":
		t.carried["other"]++
	case scan.RefusesSession(s.HTTPStatus):
		t.carried["refused"]++
	}
}

func (t *tally) expose(e *exposition) {
	t.mu.Lock()
	defer t.mu.Unlock()

	// The list of outcomes is fixed, so no received text becomes a label.
	name := prefix + "scans_total"
	e.family(counter, name, "Finished scans by outcome.")
	for _, o := range scan.Outcomes() {
		e.sample(name, float64(t.scans[o]), "outcome", string(o))
	}

	name = prefix + "session_carried_total"
	e.family(counter, name, "Scans that carried a session: the answer named the same, another, or refused it.")
	for _, r := range carriedResults {
		e.sample(name, float64(t.carried[r]), "result", r)
	}

	name = prefix + "verification_duration_seconds"
	e.family(histogram, name, "Time from the tag's arrival to the lamp, of scans that the platform answered.")
	e.buckets(name, durations, t.duration, t.seconds)
}
