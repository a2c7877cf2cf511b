// SPDX-License-Identifier: Apache-2.0

package station

import (
	"sync/atomic"
	"time"
)

// A stepMeter adds up by how much the wall clock was stepped against time since boot.
type stepMeter struct {
	offset time.Duration // of one goroutine
	known  bool
	total  atomic.Int64
}

// leastStep is more than a clock is slewed in the time between two looks.
const leastStep = 100 * time.Millisecond

func (m *stepMeter) look(wall time.Time, since time.Duration) {
	offset := time.Duration(wall.UnixNano()) - since
	if by := (offset - m.offset).Abs(); m.known && by >= leastStep {
		m.total.Add(int64(by))
	}
	m.offset, m.known = offset, true
}

func (m *stepMeter) sum() time.Duration { return time.Duration(m.total.Load()) }
