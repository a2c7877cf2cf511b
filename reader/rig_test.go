// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"context"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// A rig is a virtual antenna, and the name under which Open finds a reader over it.
type rig struct {
	field  *simantenna.Field
	device string
	pn532  *simreader.PN532 // nil without libnfc
	stop   func()
	hung   atomic.Bool  // the PN532 takes what it is told and answers nothing
	hangs  atomic.Int64 // after so many more writes, if not 0
}

// simulatedRig is the bench's socket.
func simulatedRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{field: simantenna.NewField()}
	path := filepath.Join(t.TempDir(), "s")
	listener, err := simreader.ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}

	r.device = simulatedPrefix + path
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup

	served.Go(func() {
		if err := simreader.ServeSocket(ctx, listener, r.field, nil); err != nil {
			t.Error(err)
		}
	})

	r.stop = sync.OnceFunc(func() { cancel(); served.Wait() })
	t.Cleanup(r.stop)
	return r
}

// libnfcRig is a PN532 on a pseudo-terminal.
func libnfcRig(t *testing.T) *rig {
	t.Helper()
	if !Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	r := &rig{field: simantenna.NewField()}
	r.pn532 = simreader.NewPN532(r.field)
	link := filepath.Join(t.TempDir(), "pn532")
	pty, err := simreader.OpenPTY(link)
	if err != nil {
		t.Fatal(err)
	}

	r.device = "pn532_uart:" + link
	var served sync.WaitGroup
	served.Go(func() {
		if err := r.pn532.Serve(mutableLine{pty, r}); err != nil {
			t.Error(err)
		}
	})

	r.stop = sync.OnceFunc(func() {
		if err := pty.Close(); err != nil {
			t.Error(err)
		}
		served.Wait()
	})

	t.Cleanup(r.stop)
	return r
}

// mutableLine is a line on which the chip's bytes get lost while it is hung.
type mutableLine struct {
	io.ReadWriter
	*rig
}

func (m mutableLine) Write(b []byte) (int, error) {
	if m.hung.Load() {
		return len(b), nil
	}
	if m.hangs.Add(-1) == 0 {
		m.hung.Store(true)
	}
	return m.ReadWriter.Write(b)
}

func (r *rig) open(t *testing.T) Device {
	t.Helper()
	dev, err := Open(r.device)
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// onEachRig runs one test body on both kinds of reader.
func onEachRig(t *testing.T, body func(*testing.T, *rig)) {
	t.Run("libnfc", func(t *testing.T) { body(t, libnfcRig(t)) })
	t.Run("simulated", func(t *testing.T) { body(t, simulatedRig(t)) })
}

// onEachDevice does so with the reader open.
func onEachDevice(t *testing.T, body func(*testing.T, *simantenna.Field, Device)) {
	onEachRig(t, func(t *testing.T, r *rig) {
		dev := r.open(t)
		defer func() {
			if err := dev.Close(); err != nil {
				t.Error(err)
			}
		}()
		body(t, r.field, dev)
	})
}

func mustSelect(t *testing.T, dev Device) Target {
	t.Helper()
	target, err := dev.Select(1)
	if err != nil {
		t.Fatalf("select: %v", err)
	}
	return target
}
