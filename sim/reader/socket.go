// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Socket is a reader that others use through a Unix socket. A request is one line, and so is its reply:
//
//	select          target ATQA SAK UID ATS | none     RF on, and Field.Select; in hex, - if there is no ATS
//	transceive HEX  answer HEX | nak | gone            an APDU, or a Type 2 command without CRC
//	present         yes | no                           is the selected tag still there?
//	deselect        ok                                 S(DESELECT) or HLTA to the selected tag
//	rf off          ok                                 until the next select
//	put NAME        ok | error: TEXT                   lay a chip on the antenna
//	remove          ok                                 take everything off the antenna
//
// The reply to anything else is "error: TEXT". put and remove are a person's hand; the others are the reader.
type Socket struct {
	path   string
	field  *antenna.Field
	lookup Lookup
	silent atomic.Bool

	mu    sync.Mutex         // held while the socket is plugged in or pulled out
	end   context.CancelFunc // ends serve; nil while unplugged
	ended chan error         // receives what serve returns
}

// Lookup finds the chip that put names.
type Lookup func(name string) (chip.Chip, bool)

// OpenSocket makes the socket, in place of one that an earlier bench left behind.
func OpenSocket(path string, f *antenna.Field, lookup Lookup) (*Socket, error) {
	s := &Socket{path: path, field: f, lookup: lookup}
	if err := s.Plug(); err != nil {
		return nil, err
	}
	return s, nil
}

// Plug makes the socket again after Unplug. It does nothing if the socket is there.
func (s *Socket) Plug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return nil
	}

	listener, err := ListenSocket(s.path)
	if err != nil {
		return err
	}

	var ctx context.Context
	ctx, s.end = context.WithCancel(context.Background())
	s.ended = make(chan error, 1)

	// Unplug ends this goroutine and waits for it.
	go func() { s.ended <- s.serve(ctx, listener) }()
	return nil
}

// Unplug closes every connection and removes the socket. The RF field goes off.
func (s *Socket) Unplug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		return nil
	}

	s.end()
	s.end = nil
	err := <-s.ended

	// Only now: a connection could have switched it on again.
	s.field.RF(false)
	return err
}

// Close is Unplug.
func (s *Socket) Close() error { return s.Unplug() }

// Silence makes the reader hang, or ends that: the socket still reads the reader's requests, but carries none out and
// does not reply. The requests of the hand (put, remove) work as always.
func (s *Socket) Silence(on bool) { s.silent.Store(on) }

// ServeSocket serves as a Socket does, but on a listener that exists already, until ctx ends. It closes the listener.
func ServeSocket(ctx context.Context, listener net.Listener, f *antenna.Field, lookup Lookup) error {
	return (&Socket{field: f, lookup: lookup}).serve(ctx, listener)
}

// serve accepts connections until ctx ends, and returns when all of them have ended.
func (s *Socket) serve(ctx context.Context, listener net.Listener) error {
	// Deferred calls run last to first: cancel closes the connections for which Wait waits.
	var talks sync.WaitGroup
	defer talks.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	closed := make(chan struct{})
	closing := context.AfterFunc(ctx, func() { defer close(closed); listener.Close() })

	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			<-closed // the socket's file is gone when serve returns
			return nil
		}
		if err != nil {
			closing()
			return errors.Join(err, listener.Close())
		}

		// The connection ends when the host closes it, or with ctx.
		talks.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			s.talk(conn)
		})
	}
}

// ListenSocket makes the socket, in place of one that an earlier bench left behind. Its Close removes the file.
func ListenSocket(path string) (net.Listener, error) {
	if err := removeSocket(path); err != nil {
		return nil, err
	}
	return net.Listen("unix", path)
}

// removeSocket removes a socket that an earlier bench left behind. It never removes any other file.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSocket == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// talk answers the requests of one connection until it ends.
func (s *Socket) talk(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		request, argument, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		hand := request == "put" || request == "remove"
		if s.silent.Load() && !hand {
			continue
		}

		if _, err := fmt.Fprintln(conn, s.reply(request, strings.TrimSpace(argument))); err != nil {
			return
		}
	}
}

func (s *Socket) reply(request, argument string) string {
	f := s.field
	switch {
	case request == "select" && argument == "":
		f.RF(true)
		return describe(f.Select())
	case request == "transceive":
		return transceive(f, argument)
	case request == "present" && argument == "":
		if f.Present() {
			return "yes"
		}
		return "no"
	case request == "deselect" && argument == "":
		f.Deselect()
		return "ok"
	case request == "rf" && argument == "off":
		f.RF(false)
		return "ok"
	case request == "put":
		tag, ok := s.lookup(argument)
		if !ok {
			return fmt.Sprintf("error: no chip %q", argument)
		}
		f.Put(tag)
		return "ok"
	case request == "remove" && argument == "":
		f.Remove()
		return "ok"
	}
	return fmt.Sprintf("error: no request %q", strings.TrimSpace(request+" "+argument))
}

// describe is the reply to select.
func describe(t chip.Target, found bool) string {
	if !found {
		return "none"
	}

	ats := "-"
	if t.ISODEP() {
		ats = hex.EncodeToString(t.ATS)
	}
	return fmt.Sprintf("target %x %02x %x %s", t.ATQA, t.SAK, t.UID, ats)
}

// transceive is the reply to transceive. A collision looks to a reader as if the tag had gone.
func transceive(f *antenna.Field, argument string) string {
	tx, err := hex.DecodeString(argument)
	if err != nil || len(tx) == 0 {
		return fmt.Sprintf("error: %q is not hex", argument)
	}

	rx, err := f.Transceive(tx)
	switch {
	case errors.Is(err, chip.ErrNAK):
		return "nak"
	case err != nil:
		return "gone"
	}
	return "answer " + hex.EncodeToString(rx)
}
