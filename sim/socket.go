// SPDX-License-Identifier: Apache-2.0

package sim

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
)

// ServeSocket lets others work on a field through a Unix socket until ctx ends. One request a line, one reply a line:
//
//	select          target ATQA SAK UID ATS | none     RF on, the tag activated anew; hex, - for no ATS
//	transceive HEX  answer HEX | nak | gone            an APDU, or a Type 2 command without CRC
//	present         yes | no                           is the selected tag still there?
//	rf off          ok                                 until the next select
//	put NAME        ok | error: TEXT                   lay a chip on the antenna
//	remove          ok
//
// Anything else is answered "error: TEXT". The chips that put knows are those of lookup.
func ServeSocket(ctx context.Context, listener net.Listener, f *Field, lookup func(name string) (Chip, bool)) error {
	var talks sync.WaitGroup
	defer talks.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		talks.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			talk(conn, f, lookup)
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

func talk(conn net.Conn, f *Field, lookup func(string) (Chip, bool)) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if _, err := fmt.Fprintln(conn, reply(lines.Text(), f, lookup)); err != nil {
			return
		}
	}
}

func reply(line string, f *Field, lookup func(string) (Chip, bool)) string {
	request, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
	argument = strings.TrimSpace(argument)
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
	case request == "rf" && argument == "off":
		f.RF(false)
		return "ok"
	case request == "put":
		chip, ok := lookup(argument)
		if !ok {
			return fmt.Sprintf("error: no chip %q", argument)
		}
		f.Put(chip)
		return "ok"
	case request == "remove" && argument == "":
		f.Remove()
		return "ok"
	}
	return fmt.Sprintf("error: no request %q", line)
}

func describe(t Target, found bool) string {
	if !found {
		return "none"
	}
	ats := "-"
	if t.ISODEP() {
		ats = hex.EncodeToString(t.ATS)
	}
	return fmt.Sprintf("target %x %02x %x %s", t.ATQA, t.SAK, t.UID, ats)
}

func transceive(f *Field, argument string) string {
	tx, err := hex.DecodeString(argument)
	if err != nil || len(tx) == 0 {
		return fmt.Sprintf("error: %q is not hex", argument)
	}
	rx, err := f.Transceive(tx)
	switch {
	case errors.Is(err, ErrNAK):
		return "nak"
	case err != nil:
		return "gone"
	}
	return "answer " + hex.EncodeToString(rx)
}
