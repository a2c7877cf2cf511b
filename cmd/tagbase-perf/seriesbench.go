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

// tagsInTurn is how many tags take turns, so that the same one does not come back within a second.
const tagsInTurn = 8

// A rig is a bench whose platform is behind a network, with tags of one kind.
type rig struct {
	bench *sim.Bench
	relay *sim.Relay
	calls calls
	bell  *bell

	chipLate sample
	tags     []simchip.Chip
	floor    simreader.MinRead
}

// newRig sets up a rig in a new directory under dir.
func newRig(dir, chip string, trip time.Duration, timing bool) (*rig, error) {
	own, err := os.MkdirTemp(dir, "rig-")
	if err != nil {
		return nil, err
	}
	r := new(rig)
	if r.bell, err = newBell(); err != nil {
		return nil, err
	}
	if r.bench, err = sim.NewBench(own); err != nil {
		r.bell.close()
		return nil, err
	}
	r.bench.PN532.Timing(timing)
	server, err := url.Parse(r.bench.URL())
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	if r.relay, err = sim.NewRelay(server.Host, trip); err != nil {
		return nil, errors.Join(err, r.close())
	}
	r.relay.Watch(func(p sim.Passage) {
		r.calls.passed(p)
		r.bell.ring()
	})
	server.Host = r.relay.Addr
	r.bench.Base = server.String()
	for n := range tagsInTurn {
		r.tags = append(r.tags, r.newTag(chip, n))
	}
	return r, nil
}

// newTag makes a genuine tag that the platform knows.
func (r *rig) newTag(chip string, n int) simchip.Chip {
	id := fmt.Sprintf("tag_4Gz424bench%d", n)
	uid := [7]byte{0x04, 0xBE, 0x7C, 0x80, 0x00, 0x00, byte(n)}
	var meta, file [16]byte
	rand.Read(meta[:])
	rand.Read(file[:])
	address := sim.EntryPoint + id
	if chip == "ntag223" {
		r.bench.Platform.Register22x(id, uid, file)
		r.floor = simreader.MinReadOf(simchip.NewNTAG223(uid, file, address).Target(), simchip.NewNTAG223(uid, file, address).Capture())
		return simchip.NewNTAG223(uid, file, address)
	}
	r.bench.Platform.Register424(id, uid, meta, file)
	r.floor = simreader.MinReadOf(simchip.NewNTAG424(uid, meta, file, address).Target(), simchip.NewNTAG424(uid, meta, file, address).Capture())
	return simchip.NewNTAG424(uid, meta, file, address)
}

// close ends all and removes the directory.
func (r *rig) close() error {
	err := r.bench.Close()
	if r.relay != nil {
		err = errors.Join(err, r.relay.Close())
	}
	r.bell.close()
	return errors.Join(err, os.RemoveAll(filepath.Clean(r.bench.Dir)))
}
