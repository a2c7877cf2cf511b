// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/internal/portlock"
	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// A virtualReader is a reader that is as the assumptions have one, over a virtual antenna.
type virtualReader struct {
	field  *antenna.Field
	pn532  *simreader.PN532 // nil for the simulated reader
	device string

	mu       sync.Mutex
	deviates func(answer []byte) []byte // what the PN532 gives the host in place of its bytes; nil changes nothing
}

// libnfcReader is a PN532 below stock libnfc.
func libnfcReader(t *testing.T) *virtualReader {
	t.Helper()
	if !reader.Libnfc {
		t.Skip("SKIPPED: built without libnfc")
	}

	r := &virtualReader{field: antenna.NewField()}
	r.pn532 = simreader.NewPN532(r.field)

	// The PN532 takes no time of its own here. What is timed gets the recorded time.
	r.listTakes(17 * time.Millisecond)

	link := filepath.Join(t.TempDir(), "pn532")
	pty, err := simreader.OpenPTY(link)
	if err != nil {
		t.Fatal(err)
	}
	r.device = "pn532_uart:" + link

	// Ends with the port.
	var served sync.WaitGroup
	served.Go(func() {
		if err := r.pn532.Serve(deviantLine{pty, r}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { pty.Close(); served.Wait() })
	return r
}

// deviantLine is a line on which the chip's bytes become others.
type deviantLine struct {
	io.ReadWriter
	*virtualReader
}

func (d deviantLine) Write(b []byte) (int, error) {
	d.mu.Lock()
	deviates := d.deviates
	d.mu.Unlock()

	out := b
	if deviates != nil {
		out = deviates(bytes.Clone(b))
	}
	if _, err := d.ReadWriter.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// deviate has the PN532 give other bytes from now on.
func (r *virtualReader) deviate(f func(answer []byte) []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deviates = f
}

// listTakes has a list take that long, whether or not it finds a tag.
func (r *virtualReader) listTakes(d time.Duration) {
	r.pn532.Mend()
	r.pn532.Break(simreader.Fault{Kind: simreader.Slow, On: 0x4A, Times: -1, For: d})
}

// instead has the PN532 give one answer in place of another. Both are whole, from D5 to the checksum.
func (r *virtualReader) instead(was, is string) {
	r.deviate(func(b []byte) []byte { return bytes.Replace(b, []byte(was), []byte(is), 1) })
}

// after calls do at every answer that begins so, before the host gets it.
func (r *virtualReader) after(answer string, do func(n int)) {
	n := 0
	r.deviate(func(b []byte) []byte {
		if bytes.Contains(b, []byte(answer)) {
			n++
			do(n)
		}
		return b
	})
}

// haltDoesNotHold has every tag forget its HALT at once, as with some ACR122U.
func (r *virtualReader) haltDoesNotHold() {
	r.pn532.Break(simreader.Fault{Kind: simreader.Polls, On: 0x44, Times: -1})
}

// simulatedReader is the bench's socket.
func simulatedReader(t *testing.T) *virtualReader {
	t.Helper()
	r := &virtualReader{field: antenna.NewField()}
	path := filepath.Join(t.TempDir(), "s")
	listener, err := simreader.ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	r.device = "simulated:" + path

	// Ends with its context.
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := simreader.ServeSocket(ctx, listener, r.field, nil); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); served.Wait() })
	return r
}

// onEachReader runs one test body on both kinds of reader, one after the other: they may get the same tag.
func onEachReader(t *testing.T, body func(*testing.T, *virtualReader)) {
	t.Run("libnfc", func(t *testing.T) { body(t, libnfcReader(t)) })
	t.Run("simulated", func(t *testing.T) { body(t, simulatedReader(t)) })
}

// lay lays the tags down that a step is for.
func (r *virtualReader) lay(tags Arrangement, one, two chip.Chip) {
	r.field.Remove()
	if tags == One || tags == Both {
		r.field.Add(one)
	}
	if tags == Two || tags == Both {
		r.field.Add(two)
	}
}

// open opens the reader. A process that another test has just forked holds the port's lock until it execs.
func (r *virtualReader) open(t *testing.T) (dev reader.Device) {
	t.Helper()
	var err error
	await.Until(t, "the port is free", func() bool {
		dev, err = reader.Open(r.device)
		return !errors.Is(err, portlock.ErrHeld)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// make makes one check, and returns what came of it.
func (r *virtualReader) make(t *testing.T, s step, key secretKey) (Check, outcome) {
	t.Helper()
	dev := r.open(t)
	defer dev.Close()

	var found []Observation
	var frames []Frame
	o := s.examine(newRecorder(dev, key, func(l line) {
		if l.Frame != nil {
			frames = append(frames, *l.Frame)
		}
		if l.Observation != nil {
			found = append(found, *l.Observation)
		}
	}))
	return s.result(found, frames, o.Why), o
}

// stepOf is the check of that name with those tags.
func stepOf(t *testing.T, name string, tags Arrangement) step {
	t.Helper()
	for _, s := range steps {
		if s.name == name && s.tags == tags {
			return s
		}
	}
	t.Fatalf("no check %s with tags %s", name, tags)
	return step{}
}

const (
	url424 = "https://tap.example.com/tag_4Gz424rose"
	url223 = "https://tap.example.com/tag_2Gz223iris"
)

var (
	uid424 = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
	uid223 = [7]byte{0x04, 0x22, 0x3D, 0x4A, 0x71, 0x5E, 0x80}
	key1   = [16]byte{1}
	key2   = [16]byte{2}
)

// tagOne is an NTAG 424 DNA that computes for 12 ms when it counts.
func tagOne() chip.Chip { return computing(12 * time.Millisecond) }

// computing is an NTAG 424 DNA that takes its time for a read that counts.
func computing(d time.Duration) chip.Chip {
	tag := new424()
	return deviant{Chip: tag, transceive: func(_ chip.Chip, tx []byte) ([]byte, error) {
		before := tag.Counter()
		rx, err := tag.Transceive(tx)
		if tag.Counter() != before {
			await.Elapse(d)
		}
		return rx, err
	}}
}

func new424() *chip.NTAG424 { return chip.NewNTAG424(uid424, key1, key2, url424) }

// tagTwo is an NTAG 223 DNA that takes 7 ms for a READ, its way through the air and over the line included.
func tagTwo() chip.Chip { return reading(7 * time.Millisecond) }

// reading is an NTAG 223 DNA that takes its time for a READ.
func reading(d time.Duration) chip.Chip {
	tag := chip.NewNTAG223(uid223, key1, url223)
	return deviant{Chip: tag, transceive: func(inside chip.Chip, tx []byte) ([]byte, error) {
		if tx[0] == cmdRead {
			await.Elapse(d)
		}
		return inside.Transceive(tx)
	}}
}

// statusDetect is an NTAG 223 DNA that mirrors the status of its wire loop.
func statusDetect() chip.Chip {
	return chip.NewNTAG223StatusDetect(uid223, key1, url223, chip.LoopOpen)
}

// A deviant is a tag that does something else than the one inside it. A function that is nil changes nothing.
type deviant struct {
	chip.Chip
	target     func(chip.Target) chip.Target
	activate   func(inside chip.Chip)
	power      func(inside chip.Chip, on bool)
	transceive func(inside chip.Chip, tx []byte) ([]byte, error)
}

func (d deviant) Target() chip.Target {
	if d.target == nil {
		return d.Chip.Target()
	}
	return d.target(d.Chip.Target())
}

func (d deviant) Activate() {
	d.Chip.Activate()
	if d.activate != nil {
		d.activate(d.Chip)
	}
}

func (d deviant) Power(on bool) {
	if d.power != nil {
		d.power(d.Chip, on)
		return
	}
	d.Chip.Power(on)
}

func (d deviant) Transceive(tx []byte) ([]byte, error) {
	if d.transceive == nil {
		return d.Chip.Transceive(tx)
	}
	return d.transceive(d.Chip, tx)
}
