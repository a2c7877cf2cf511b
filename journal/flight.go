// SPDX-License-Identifier: Apache-2.0

package journal

import "slices"

// A flight follows a journal from its first line to its last, and knows which
// intents have no scan yet.
type flight struct {
	open   []Scan  // what the intents, all of one boot, come to if nothing follows
	recent []piece // of all that has passed
}

// maxFlight is more than a daemon can have under way, or write twice because it
// could not tell whether the disk had taken it.
const maxFlight = maxHeld

// take takes the next line and returns the scans that it finishes. A line of
// another boot shows that the daemons before it are gone.
func (f *flight) take(p piece) []Scan {
	p.at, p.end = 0, 0
	if slices.Contains(f.recent, p) {
		return nil
	}
	if len(f.recent) == maxFlight {
		f.recent = slices.Delete(f.recent, 0, maxFlight/2)
	}
	f.recent = append(f.recent, p)
	var done []Scan
	if len(f.open) > 0 && f.open[0].Boot != p.scan.Boot {
		done, f.open = f.open, nil
	}
	f.open = slices.DeleteFunc(f.open, func(s Scan) bool { return s.Seq == p.scan.Seq })
	if p.kind == finished {
		return append(done, p.scan)
	}
	if len(f.open) == maxFlight {
		done = append(done, f.open[0])
		f.open = f.open[1:]
	}
	f.open = append(f.open, p.scan)
	return done
}
