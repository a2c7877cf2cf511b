// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
)

const (
	fleetStations = 10000
	fleetOutage   = time.Hour
	fleetAfter    = time.Hour
)

// A fleet is ten thousand stations' probes, counted by the second from the
// moment in which the platform is lost.
type fleet struct {
	perSecond [int((fleetOutage + fleetAfter) / time.Second)]int
	back      []time.Duration // after its return, when each station found it
}

// loseFor plays a fleet in virtual time. It was in use for long before; it notices
// the loss at its idle probes, or, if someone taps everywhere, within a second.
func loseFor(rng *rand.Rand, tapped bool) *fleet {
	f := &fleet{}
	for range fleetStations {
		s := schedule{rand: rng}
		lost := false
		at := s.random(probeIdle)
		if tapped {
			at = s.random(time.Second)
		}

		for at < fleetOutage+fleetAfter {
			f.perSecond[at/time.Second]++
			switch {
			case at >= fleetOutage:
				if lost {
					f.back = append(f.back, at-fleetOutage)
				}
				lost = false
				at += s.after(probe{status: 404})

			case !lost:
				lost = true
				at += s.lost()

			default:
				at += s.after(probe{reason: scan.ReasonNetwork})
			}
		}
	}

	slices.Sort(f.back)
	return f
}

func rate(perSecond []int) (mean float64, peak int) {
	for _, n := range perSecond {
		mean += float64(n) / float64(len(perSecond))
	}
	return mean, slices.Max(perSecond)
}

// When the platform comes back after an hour, ten thousand stations ask it less
// than a hundred times a second (docs/fleet.md).
func TestFleetThatComesBackAsksSlowly(t *testing.T) {
	for name, tapped := range map[string]bool{"noticed by idle probes": false, "noticed at once": true} {
		f := loseFor(rand.New(rand.NewPCG(1, 2)), tapped)
		outage := int(fleetOutage / time.Second)

		for _, span := range []struct {
			name     string
			from, to int
		}{
			{"first minute of the outage", 0, 60},
			{"the rest of it", 60, outage},
			{"first ten minutes back", outage, outage + 600},
			{"the rest of the hour", outage + 600, 2 * outage},
		} {
			mean, peak := rate(f.perSecond[span.from:span.to])
			t.Logf("%s, %s: mean %.0f, peak %d a second", name, span.name, mean, peak)
			if span.from >= outage && peak >= 100 {
				t.Errorf("%s, %s: peak %d a second, want below 100", name, span.name, peak)
			}
		}

		if len(f.back) != fleetStations {
			t.Fatalf("%d stations came back, want all %d", len(f.back), fleetStations)
		}

		t.Logf("%s: half are back after %v, 99 %% after %v, the last after %v", name,
			f.back[len(f.back)/2].Round(time.Second),
			f.back[len(f.back)*99/100].Round(time.Second), f.back[len(f.back)-1].Round(time.Second))
	}
}
