// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"net"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/sim/internal/pace"
)

// A Relay is a network with a round trip time, before a server on this machine.
// A connection costs one round trip before anything passes, as TCP's handshake
// does, and each byte half of one.
type Relay struct {
	Addr string

	listener net.Listener
	target   string
	trip     time.Duration
	calls    sync.WaitGroup

	mu      sync.Mutex
	watcher func(Passage)
	open    map[net.Conn]bool // from the clients
}

// A Passage is bytes that a Relay passed on.
type Passage struct {
	Call  int  // of the connections, from 1
	Up    bool // towards the server
	Bytes []byte
	Taken time.Time     // when the relay had them
	Given time.Time     // when it began to hand them over
	Late  time.Duration // how long after their time that was
}

// Watch has f told of each passage from now on, before the other end can have it. It is called by
// several goroutines, and must not keep the bytes.
func (r *Relay) Watch(f func(Passage)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watcher = f
}

func (r *Relay) watched() func(Passage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.watcher
}

// NewRelay listens on a loopback port for target, host:port.
func NewRelay(target string, roundTrip time.Duration) (*Relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{Addr: listener.Addr().String(), listener: listener, target: target, trip: roundTrip}
	r.calls.Go(r.accept)
	return r, nil
}

func (r *Relay) accept() {
	for call := 1; ; call++ {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.calls.Go(func() { r.relay(near, call) })
	}
}

func (r *Relay) relay(near net.Conn, call int) {
	r.mu.Lock()
	if r.open == nil {
		r.open = make(map[net.Conn]bool)
	}
	r.open[near] = true
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.open, near)
		r.mu.Unlock()
		near.Close()
	}()
	far, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer far.Close()
	pace.SleepUntil(time.Now().Add(r.trip))
	var ways sync.WaitGroup
	ways.Go(func() { r.carry(far, near, Passage{Call: call, Up: true}) })
	ways.Go(func() { r.carry(near, far, Passage{Call: call}) })
	ways.Wait()
}

func (r *Relay) carry(to, from net.Conn, kind Passage) {
	way := make(chan Passage, 1024)
	go func() {
		defer close(way)
		for {
			p, b := kind, make([]byte, 16<<10)
			n, err := from.Read(b)
			p.Bytes, p.Taken = b[:n], time.Now()
			way <- p
			if err != nil {
				return
			}
		}
	}()
	for p := range way {
		due := p.Taken.Add(r.trip / 2)
		pace.SleepUntil(due)
		if len(p.Bytes) == 0 {
			continue
		}
		p.Given = time.Now()
		p.Late = p.Given.Sub(due)
		if told := r.watched(); told != nil {
			told(p)
		}
		if _, err := to.Write(p.Bytes); err != nil {
			from.Close()
		}
	}
	if c, ok := to.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

// Cut ends all connections that there are.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for near := range r.open {
		near.Close()
	}
}

// Close takes no more connections and waits for those that there are.
func (r *Relay) Close() error {
	err := r.listener.Close()
	r.calls.Wait()
	return err
}
