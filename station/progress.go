// SPDX-License-Identifier: Apache-2.0

package station

import (
	"slices"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/led"
)

const (
	turn = time.Second // between turns of a loop that has nothing to do

	// Stall is how long a loop that turns every second may be silent before it counts as stuck.
	Stall = 5 * time.Second
)

// The loops of a station, as status and log name them.
const (
	loopReceive  = "events"
	loopSend     = "sending"
	loopUpkeep   = "upkeep"
	loopLamps    = "lamps"
	loopPlatform = "platform"

	// LoopReader is the supervision of the reader's process, which the daemon runs.
	LoopReader = "reader"
)

// watchTurn is how long a turn of the platform's watch may take: 5 s of rest, a probe of 8 s, and
// some reserve.
const watchTurn = 20 * time.Second

// Progress keeps what every loop of a daemon has promised: when it will next report. A loop that is
// late is stuck in a call that nothing in the process can end, and the watchdog then has the daemon
// restarted. A nil *Progress keeps nothing. It may be used from any goroutine.
type Progress struct {
	mu    sync.Mutex           // guards what follows
	due   map[string]time.Time // when each loop reports at the latest
	heard map[string]time.Time // when it last did
	late  bool                 // some loop was late when Late was last called
	lates uint64               // how many times that began
}

// Within promises that the loop reports again within d.
func (p *Progress) Within(loop string, d time.Duration) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.due == nil {
		p.due, p.heard = make(map[string]time.Time), make(map[string]time.Time)
	}
	p.heard[loop] = time.Now()
	p.due[loop] = p.heard[loop].Add(d)
}

// Over ends the loop's promise: the loop has ended, or waits for a disk, which a restart would not
// mend.
func (p *Progress) Over(loop string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()

	delete(p.due, loop)
}

// Late names the loops that have not kept their promise, in alphabetical order.
func (p *Progress) Late() (loops []string) {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()

	for loop, due := range p.due {
		if time.Now().After(due) {
			loops = append(loops, loop)
		}
	}
	slices.Sort(loops)

	if late := len(loops) > 0; late != p.late {
		p.late = late
		if late {
			p.lates++
		}
	}

	return loops
}

// Lates is how many times loops became late, as far as Late was called.
func (p *Progress) Lates() uint64 {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.lates
}

// Silent is how long ago the loop last reported, 0 if it never did.
func (p *Progress) Silent(loop string) time.Duration {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()

	if p.heard[loop].IsZero() {
		return 0
	}

	return time.Since(p.heard[loop])
}

// nextTap waits for a tap to serve, and reports meanwhile. What follows may take the time that a tap
// and its second scan have.
func (s *Station) nextTap(queue <-chan *tap) (*tap, bool) {
	for {
		s.Progress.Within(loopSend, Stall)
		select {
		case t, ok := <-queue:
			s.Progress.Within(loopSend, 2*s.Timeout+Stall)
			return t, ok
		case <-time.After(turn): // only to report
		}
	}
}

// noteLamps reports for the lamps' loop, which knows nothing of Progress.
func (s *Station) noteLamps(lamps *led.Lamps) {
	if lamps.Silent() < Stall {
		s.Progress.Within(loopLamps, Stall)
	}
}
