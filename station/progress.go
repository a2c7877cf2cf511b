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
	// Stall is how long a loop that turns each second may be silent.
	Stall = 5 * time.Second
)

// The loops of a station.
const (
	loopReceive  = "events"
	loopSend     = "sending"
	loopUpkeep   = "upkeep"
	loopLamps    = "lamps"
	loopPlatform = "platform"
	LoopReader   = "reader" // its supervision
)

// watchTurn is what a turn of the platform's watch may take: 5 s of rest and a probe of 8 s.
const watchTurn = 20 * time.Second

// Progress is what every loop of a daemon has promised: when it will next be heard
// of. A loop that is late is stuck in a call that nothing in the process can end.
// A nil *Progress keeps nothing. It may be used from any goroutine.
type Progress struct {
	mu    sync.Mutex
	due   map[string]time.Time
	heard map[string]time.Time
	late  bool // when last looked at
	lates uint64
}

// Within promises that the loop will be heard of again within d.
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

// Over ends the loop's promise: it has ended, or waits for a disk, which a new process would not mend.
func (p *Progress) Over(loop string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.due, loop)
}

// Late names the loops that have not kept their promise.
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

// Lates is how many times loops were late, as far as Late was asked.
func (p *Progress) Lates() uint64 {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lates
}

// Silent is how long ago the loop was last heard of; 0 if it never was.
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

// nextVisit waits for a tap to send, and is heard of meanwhile. What follows may
// take the time that a tap and its second scan have.
func (s *Station) nextVisit(visits <-chan visit) (visit, bool) {
	for {
		s.Progress.Within(loopSend, Stall)
		select {
		case v, ok := <-visits:
			s.Progress.Within(loopSend, 2*s.Timeout+Stall)
			return v, ok
		case <-time.After(turn):
		}
	}
}

// noteLamps passes on that the lamps' loop goes round.
func (s *Station) noteLamps(lamps *led.Lamps) {
	if lamps.Silent() < Stall {
		s.Progress.Within(loopLamps, Stall)
	}
}
