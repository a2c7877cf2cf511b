// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"slices"

	"github.com/tagbase/tagbase-edge/scan"
)

// inFlight follows a journal from its first line to its last, and knows which scans are
// in flight: those with an intent and no result yet.
type inFlight struct {
	open   []scan.Record // each as it reads if nothing follows; all of one boot
	recent []piece       // lines that have passed, to recognise a second copy
}

// maxInFlight is more than a daemon can have in flight, and more lines than it can write
// twice: those in memory, when it could not tell whether the disk had taken them.
const maxInFlight = maxHeld

// take takes the next line and returns the scans that it finishes.
func (f *inFlight) take(p piece) []scan.Record {
	// A line that is there twice counts once. Copies differ in their place alone.
	p.at, p.end = 0, 0
	if slices.Contains(f.recent, p) {
		return nil
	}
	if len(f.recent) == maxInFlight {
		f.recent = slices.Delete(f.recent, 0, maxInFlight/2)
	}
	f.recent = append(f.recent, p)

	// A line of another boot proves that the daemons of this one are gone.
	var done []scan.Record
	if len(f.open) > 0 && f.open[0].Boot != p.record.Boot {
		done, f.open = f.open, nil
	}

	// A result ends its intent; a second intent of the same number replaces the first.
	f.open = slices.DeleteFunc(f.open, func(s scan.Record) bool { return s.Seq == p.record.Seq })
	if p.kind == finished {
		return append(done, p.record)
	}

	if len(f.open) == maxInFlight {
		done = append(done, f.open[0])
		f.open = f.open[1:]
	}
	f.open = append(f.open, p.record)
	return done
}
