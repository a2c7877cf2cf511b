// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/tagbase/tagbase-edge/sim"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
	simreader "github.com/tagbase/tagbase-edge/sim/reader"
)

// tagsInTurn is how many tags take turns, so that none comes back within a
// second: a station counts the same tag at most once a second.
const tagsInTurn = 8

// A seriesBench is the bench of one series: tags of one kind, and a network with
// a delay before the platform.
type seriesBench struct {
	*sim.Bench
	relay *sim.Relay
	floor simreader.MinRead // the least that a tag of this kind can be read in
	tags  []simchip.Chip

	// What the bench notes while it runs.
	connections   connections
	goroutineLate *goroutineLateness
	chipLate      sample
}

// newSeriesBench sets up a bench in a new directory under dir. trip is the
// network's round trip; timing makes the virtual PN532 take the time that a real
// one takes.
func newSeriesBench(dir, chip string, trip time.Duration, timing bool) (*seriesBench, error) {
	own, err := os.MkdirTemp(dir, "series-")
	if err != nil {
		return nil, err
	}

	b := new(seriesBench)
	if b.goroutineLate, err = newGoroutineLateness(); err != nil {
		return nil, err
	}
	if b.Bench, err = sim.NewBench(own); err != nil {
		b.goroutineLate.close()
		return nil, err
	}
	b.PN532.Timing(timing)

	if err := b.startNetwork(trip); err != nil {
		return nil, errors.Join(err, b.close())
	}
	for n := range tagsInTurn {
		b.tags = append(b.tags, b.newTag(chip, n))
	}
	return b, nil
}

// startNetwork puts a relay before the platform, and has stations go through it.
func (b *seriesBench) startNetwork(trip time.Duration) error {
	server, err := url.Parse(b.URL())
	if err != nil {
		return err
	}
	if b.relay, err = sim.NewRelay(server.Host, trip); err != nil {
		return err
	}

	// The bench's own lateness counts when it has work to do, and a passage is work.
	b.relay.Watch(func(p sim.Passage) {
		b.connections.passed(p)
		b.goroutineLate.wake()
	})
	server.Host = b.relay.Addr
	b.Base = server.String()
	return nil
}

// newTag makes a genuine tag and registers it at the platform. A second chip
// with the same keys gives the URL for the floor: every URL that a chip gives
// away moves its counter on.
func (b *seriesBench) newTag(chip string, n int) simchip.Chip {
	id := fmt.Sprintf("tag_4Gz424bench%d", n)
	uid := [7]byte{0x04, 0xBE, 0x7C, 0x80, 0x00, 0x00, byte(n)}
	address := sim.EntryPoint + id
	var meta, file [16]byte
	rand.Read(meta[:])
	rand.Read(file[:])

	if chip == "ntag223" {
		b.Platform.Register22x(id, uid, file)
		other := simchip.NewNTAG223(uid, file, address)
		b.floor = simreader.MinReadOf(other.Target(), other.Capture())
		return simchip.NewNTAG223(uid, file, address)
	}

	b.Platform.Register424(id, uid, meta, file)
	other := simchip.NewNTAG424(uid, meta, file, address)
	b.floor = simreader.MinReadOf(other.Target(), other.Capture())
	return simchip.NewNTAG424(uid, meta, file, address)
}

// close ends everything and removes the bench's directory.
func (b *seriesBench) close() error {
	err := b.Bench.Close()
	if b.relay != nil {
		err = errors.Join(err, b.relay.Close())
	}

	// After the relay, whose passages wake it.
	b.goroutineLate.close()
	return errors.Join(err, os.RemoveAll(filepath.Clean(b.Dir)))
}
