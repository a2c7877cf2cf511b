// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"net"
	"sync"
	"time"
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
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.calls.Go(func() { r.relay(near) })
	}
}

func (r *Relay) relay(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer far.Close()
	<-time.After(r.trip)
	var ways sync.WaitGroup
	ways.Go(func() { r.carry(far, near) })
	ways.Go(func() { r.carry(near, far) })
	ways.Wait()
}

// A parcel is bytes and when they arrive; the last one has none.
type parcel struct {
	bytes []byte
	due   time.Time
}

func (r *Relay) carry(to, from net.Conn) {
	way := make(chan parcel, 1024)
	go func() {
		defer close(way)
		for {
			b := make([]byte, 16<<10)
			n, err := from.Read(b)
			way <- parcel{b[:n], time.Now().Add(r.trip / 2)}
			if err != nil {
				return
			}
		}
	}()
	for p := range way {
		<-time.After(time.Until(p.due))
		if len(p.bytes) == 0 {
			continue
		}
		if _, err := to.Write(p.bytes); err != nil {
			from.Close()
		}
	}
	if c, ok := to.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

// Close takes no more connections and waits for those that there are.
func (r *Relay) Close() error {
	err := r.listener.Close()
	r.calls.Wait()
	return err
}
