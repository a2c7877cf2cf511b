// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"slices"

	"github.com/tagbase/tagbase-edge/scan"
)

// A flight follows a journal from its first line to its last, and knows which
// intents have no scan yet.
type flight struct {
	open   []scan.Record // what the intents, all of one boot, come to if nothing follows
	recent []piece       // of all that has passed
}

// maxFlight is more than a daemon can have under way, or write twice because it
// could not tell whether the disk had taken it.
const maxFlight = maxHeld

// take takes the next line and returns the scans that it finishes. A line of
// another boot shows that the daemons before it are gone.
func (f *flight) take(p piece) []scan.Record {
	p.at, p.end = 0, 0
	if slices.Contains(f.recent, p) {
		return nil
	}
	if len(f.recent) == maxFlight {
		f.recent = slices.Delete(f.recent, 0, maxFlight/2)
	}
	f.recent = append(f.recent, p)
	var done []scan.Record
	if len(f.open) > 0 && f.open[0].Boot != p.record.Boot {
		done, f.open = f.open, nil
	}
	f.open = slices.DeleteFunc(f.open, func(s scan.Record) bool { return s.Seq == p.record.Seq })
	if p.kind == finished {
		return append(done, p.record)
	}
	if len(f.open) == maxFlight {
		done = append(done, f.open[0])
		f.open = f.open[1:]
	}
	f.open = append(f.open, p.record)
	return done
}
