// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
)

// Records of TLS 1.3 (RFC 8446, 5.1). What is encrypted is application data on the outside: the client's first such
// record ends its handshake, the second begins its request. An alert is 19 bytes long, a ticket or an answer is longer.
const (
	recordHeader = 5
	recordData   = 23
	recordAlert  = 19
	requestNth   = 2
)

// A call is one connection through the relay, as far as it is of interest.
type call struct {
	up, down records
	bytes    int       // both ways
	asked    time.Time // the relay had the request's first byte
	answered time.Time // the relay began to hand over the last record so far that is no alert
}

// records finds the beginnings of records in a stream.
type records struct {
	head []byte // of the record that comes next, as far as it is here
	left int    // of the record that is passing
	data int    // records of application data so far
}

// next takes bytes, and tells of each record of application data that begins in them.
func (r *records) next(b []byte, begins func(nth, length int)) {
	for len(b) > 0 {
		if r.left > 0 {
			n := min(r.left, len(b))
			r.left, b = r.left-n, b[n:]
			continue
		}
		n := min(recordHeader-len(r.head), len(b))
		r.head, b = append(r.head, b[:n]...), b[n:]
		if len(r.head) < recordHeader {
			return
		}
		r.left = int(binary.BigEndian.Uint16(r.head[3:]))
		if r.head[0] == recordData {
			r.data++
			begins(r.data, r.left)
		}
		r.head = r.head[:0]
	}
}

// calls are what a relay has passed on, by connection.
type calls struct {
	mu   sync.Mutex
	made map[int]*call
	late sample
}

func (c *calls) passed(p sim.Passage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = make(map[int]*call)
	}
	one := c.made[p.Call]
	if one == nil {
		one = new(call)
		c.made[p.Call] = one
	}
	one.bytes += len(p.Bytes)
	c.late = append(c.late, p.Late)
	if p.Up {
		one.up.next(p.Bytes, func(nth, length int) {
			if nth == requestNth && length > recordAlert {
				one.asked = p.Taken
			}
		})
		return
	}
	one.down.next(p.Bytes, func(_, length int) {
		if length > recordAlert && !one.asked.IsZero() {
			one.answered = p.Given
		}
	})
}

// between are the calls whose requests began in that time, in no order, and are forgotten then.
func (c *calls) between(from, to time.Time) (found []call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, one := range c.made {
		if one.asked.After(from) && one.asked.Before(to) {
			found = append(found, *one)
			delete(c.made, n)
		}
	}
	return found
}

// lateness is how late the network was since the last time that it was asked for.
func (c *calls) lateness() sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.late.take()
}
