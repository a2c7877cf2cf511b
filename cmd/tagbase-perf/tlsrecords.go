// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
)

// Records of TLS 1.3 (RFC 8446, 5.1 and 5.2). On the outside, everything that is
// encrypted is application data: the client's first such record ends its
// handshake, the second begins its request.
const (
	recordHeader   = 5  // bytes: type, version, length
	recordData     = 23 // type application_data
	recordAlert    = 19 // bytes of an encrypted alert; a ticket or an answer is longer
	requestsRecord = 2  // of the client's records of application data
)

// A connection is one TLS connection through the relay.
type connection struct {
	up, down recordScanner
	bytes    int       // both ways
	asked    time.Time // the relay had the request's first byte
	answered time.Time // the relay began to hand over the answer's last record so far
}

// A recordScanner finds where TLS records begin in a stream of bytes. It keeps
// no content.
type recordScanner struct {
	head []byte // the next record's header, as far as it has come
	left int    // bytes that are missing of the current record
	data int    // records of application data so far
}

// scan takes the next bytes of the stream, and calls begins for each record of
// application data that begins in them, with its number from 1 and its length.
func (r *recordScanner) scan(b []byte, begins func(nth, length int)) {
	for len(b) > 0 {
		if r.left > 0 {
			n := min(r.left, len(b))
			r.left, b = r.left-n, b[n:]
			continue
		}

		// A header may come in pieces.
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

// connections are those through one relay since the last ask.
type connections struct {
	mu   sync.Mutex // guards all: the relay calls passed from several goroutines
	made map[int]*connection
	late sample
}

// passed takes what the relay passes on. Its times are taken before the other
// end can see the bytes.
func (c *connections) passed(p sim.Passage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = make(map[int]*connection)
	}
	one := c.made[p.Call]
	if one == nil {
		one = new(connection)
		c.made[p.Call] = one
	}

	one.bytes += len(p.Bytes)
	c.late = append(c.late, p.Late)

	if p.Up {
		one.up.scan(p.Bytes, func(nth, length int) {
			if nth == requestsRecord && length > recordAlert {
				one.asked = p.Taken
			}
		})
		return
	}

	// Session tickets come before the request and alerts after the answer: neither is the answer.
	one.down.scan(p.Bytes, func(_, length int) {
		if length > recordAlert && !one.asked.IsZero() {
			one.answered = p.Given
		}
	})
}

// take returns the connections whose requests began between from and to, in no
// order, and forgets them.
func (c *connections) take(from, to time.Time) (found []connection) {
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

// takeLateness returns how late the network was with each passage since the
// last takeLateness.
func (c *connections) takeLateness() sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.late.take()
}
