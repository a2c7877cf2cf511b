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

// Socket is a reader that others work on through a Unix socket. One request a line, one reply a line:
//
//	select          target ATQA SAK UID ATS | none     RF on, and Field.Select; hex, - for no ATS
//	transceive HEX  answer HEX | nak | gone            an APDU, or a Type 2 command without CRC
//	present         yes | no                           is the selected tag still there?
//	deselect        ok                                 the selected tag rests: S(DESELECT), or HLTA
//	rf off          ok                                 until the next select
//	put NAME        ok | error: TEXT                   lay a chip on the antenna
//	remove          ok
//
// Anything else is answered "error: TEXT". put and remove are the bench's hand; the others are the reader's.
type Socket struct {
	path   string
	field  *antenna.Field
	lookup func(name string) (chip.Chip, bool)
	silent atomic.Bool

	mu    sync.Mutex
	end   context.CancelFunc // nil: unplugged
	ended chan error
}

// OpenSocket makes the socket, in place of one that an earlier bench left behind. The chips that put knows are those of
// lookup.
func OpenSocket(path string, f *antenna.Field, lookup func(name string) (chip.Chip, bool)) (*Socket, error) {
	s := &Socket{path: path, field: f, lookup: lookup}
	if err := s.Plug(); err != nil {
		return nil, err
	}
	return s, nil
}

// Plug makes the socket again after Unplug.
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
	go func() { s.ended <- s.serve(ctx, listener) }()
	return nil
}

// Unplug drops every connection and removes the socket. The RF field goes off.
func (s *Socket) Unplug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		return nil
	}
	s.end()
	s.end = nil
	err := <-s.ended
	s.field.RF(false)
	return err
}

// Close is Unplug.
func (s *Socket) Close() error { return s.Unplug() }

// Silence makes the reader hang, or ends that: its requests are read and have neither effect nor reply. The hand's have.
func (s *Socket) Silence(on bool) { s.silent.Store(on) }

// ServeSocket is a Socket on a listener that there is already, until ctx ends.
func ServeSocket(ctx context.Context, listener net.Listener, f *antenna.Field, lookup func(name string) (chip.Chip, bool)) error {
	return (&Socket{field: f, lookup: lookup}).serve(ctx, listener)
}

func (s *Socket) serve(ctx context.Context, listener net.Listener) error {
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
			<-closed
			return nil
		}
		if err != nil {
			closing()
			return errors.Join(err, listener.Close())
		}
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

// removeSocket removes what an earlier bench left behind, but nothing that is not a socket.
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
		chip, ok := s.lookup(argument)
		if !ok {
			return fmt.Sprintf("error: no chip %q", argument)
		}
		f.Put(chip)
		return "ok"
	case request == "remove" && argument == "":
		f.Remove()
		return "ok"
	}
	return fmt.Sprintf("error: no request %q", strings.TrimSpace(request+" "+argument))
}

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
