// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"sync"

	"github.com/tagbase/tagbase-edge/sim/chip"
	"github.com/tagbase/tagbase-edge/sim/platform"
)

// EntryPoint is the beginning of the cast's genuine URLs.
const EntryPoint = "https://tap.example.com/"

// The cast's genuine tags, as the platform knows them.
const (
	Tag424 = "tag_4Gz424rose"
	Tag223 = "tag_2Gz223iris"
)

var (
	uid424 = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
	uid223 = [7]byte{0x04, 0x22, 0x3D, 0x4A, 0x71, 0x5E, 0x80}
	meta   = [16]byte{'m', 'e', 't', 'a'}
	file   = [16]byte{'f', 'i', 'l', 'e'}
	key223 = [16]byte{'s', 'u', 'n'}
)

// A Tag is one tag on the bench.
type Tag struct {
	Name string
	Is   string // in words
	chip chip.Chip
}

// Tags are the tags that lie on the bench's table, by name.
type Tags struct {
	genuine *chip.NTAG424

	mu    sync.Mutex
	roles []Tag
}

// NewTags makes the tags and registers the genuine ones at the platform.
func NewTags(p *platform.Simulated) *Tags {
	p.Register424(Tag424, uid424, meta, file)
	p.Register22x(Tag223, uid223, key223)
	c := &Tags{genuine: chip.NewNTAG424(uid424, meta, file, EntryPoint+Tag424)}
	c.roles = []Tag{
		{"genuine-424", "a genuine NTAG 424 DNA", c.genuine},
		{"genuine-223", "a genuine NTAG 223 DNA", chip.NewNTAG223(uid223, key223, EntryPoint+Tag223)},
		{"clone", "a copy that repeats one URL of genuine-424; invalid at once if that was tapped since", nil},
		{"foreign", "a tag of somebody else", chip.NewForeign("https://www.example.net/menu?table=7")},
		{"payment", "a payment card", chip.NewPaymentCard()},
		{"classic", "a MIFARE Classic card", chip.NewClassic()},
		{"blank", "an NTAG without a message", chip.NewBlank()},
	}
	c.Recapture()
	return c
}

// Recapture makes a new clone of one more URL that genuine-424 has given away.
func (c *Tags) Recapture() {
	clone := chip.NewClone(c.genuine.Capture())
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.roles {
		if c.roles[i].Name == "clone" {
			c.roles[i].chip = clone
		}
	}
}

// Find returns the tag of that name.
func (c *Tags) Find(name string) (chip.Chip, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.roles, func(r Tag) bool { return r.Name == name })
	if i < 0 {
		return nil, false
	}
	return c.roles[i].chip, true
}

// List returns all tags.
func (c *Tags) List() []Tag {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.roles)
}
