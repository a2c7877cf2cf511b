// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"net"
	"sync"
	"time"

	"github.com/tagbase/tagbase-edge/sim/internal/pace"
)

// A Relay is a network with a round trip time, before a server on this machine. A connection takes one round trip
// before anything passes, as TCP's handshake does, and each byte takes half of one.
type Relay struct {
	Addr string // host:port for clients

	listener net.Listener
	target   string // host:port of the server
	trip     time.Duration
	calls    sync.WaitGroup // the goroutines of accept and of each connection

	mu      sync.Mutex // guards what follows
	watcher func(Passage)
	open    map[net.Conn]bool // the connections from clients
}

// A Passage is bytes that a Relay passed on.
type Passage struct {
	Call  int  // number of the connection, from 1
	Up    bool // towards the server
	Bytes []byte
	Taken time.Time     // when the relay had them
	Given time.Time     // when it began to hand them over
	Late  time.Duration // how much later that was than it should have been
}

// NewRelay listens on a loopback port for target, host:port.
func NewRelay(target string, roundTrip time.Duration) (*Relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}

	r := &Relay{
		Addr:     listener.Addr().String(),
		listener: listener,
		target:   target,
		trip:     roundTrip,
		open:     make(map[net.Conn]bool),
	}
	r.calls.Go(r.accept) // ends when Close closes the listener
	return r, nil
}

// Watch calls f with each passage from now on, before the other end can have it. Several goroutines call f, which must
// not keep the bytes.
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

func (r *Relay) accept() {
	for call := 1; ; call++ {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.calls.Go(func() { r.relay(near, call) }) // ends with the connection
	}
}

// relay carries one connection, both ways, until both ways have ended.
func (r *Relay) relay(near net.Conn, call int) {
	r.mu.Lock()
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

	// The handshake takes a round trip; that of the connection on this machine takes next to none.
	pace.SleepUntil(time.Now().Add(r.trip))

	var ways sync.WaitGroup
	ways.Go(func() { r.carry(far, near, Passage{Call: call, Up: true}) })
	ways.Go(func() { r.carry(near, far, Passage{Call: call}) })
	ways.Wait()
}

// carry carries bytes one way. kind holds what is the same for all of its passages.
func (r *Relay) carry(to, from net.Conn, kind Passage) {
	// Reading goes on while earlier bytes are still under way: a network holds many packets. The goroutine ends with
	// from.
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
		if len(p.Bytes) == 0 { // the end of from takes its time, too
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

	// One way may end while the other goes on.
	if c, ok := to.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

// Cut ends all connections that exist now.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for near := range r.open {
		near.Close()
	}
}

// Close accepts no more connections, and waits until those that exist have ended.
func (r *Relay) Close() error {
	err := r.listener.Close()
	r.calls.Wait()
	return err
}
