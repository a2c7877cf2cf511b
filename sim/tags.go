// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"sync"

	"github.com/tagbase/tagbase-edge/sim/chip"
	"github.com/tagbase/tagbase-edge/sim/platform"
)

// EntryPoint is what the URLs of the genuine tags begin with.
const EntryPoint = "https://tap.example.com/"

// The ids of the genuine tags on the platform.
const (
	Tag424          = "tag_4Gz424rose"
	Tag223          = "tag_2Gz223iris"
	Tag224          = "tag_2Gz224lily"
	TagStatusDetect = "tag_2Gz223fern"
)

// UIDs and keys of the genuine tags. They are secret to nobody.
var (
	uid424    = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
	uid223    = [7]byte{0x04, 0x22, 0x3D, 0x4A, 0x71, 0x5E, 0x80}
	uid224    = [7]byte{0x04, 0x22, 0x4D, 0x4A, 0x71, 0x5E, 0x80}
	uidStatus = [7]byte{0x04, 0x22, 0x3D, 0x5D, 0x71, 0x5E, 0x80}
	meta      = [16]byte{'m', 'e', 't', 'a'}
	file      = [16]byte{'f', 'i', 'l', 'e'}
	key22x    = [16]byte{'s', 'u', 'n'}
)

// A Tag is one tag on the bench's table.
type Tag struct {
	Name string // by which it is put on the antenna
	Is   string // what it is, in words
	chip chip.Chip
}

// A TagTable is the tags on the bench's table, by name. It is safe for concurrent use.
type TagTable struct {
	genuine *chip.NTAG424 // genuine-424, of which the clone is a copy

	mu  sync.Mutex // guards all
	all []Tag
}

// NewTagTable makes the tags, and registers the genuine ones at the platform.
func NewTagTable(p *platform.Simulated) *TagTable {
	p.Register424(Tag424, uid424, meta, file)
	p.Register22x(Tag223, uid223, key22x)
	p.Register22x(Tag224, uid224, key22x)
	p.Register22x(TagStatusDetect, uidStatus, key22x)

	t := &TagTable{genuine: chip.NewNTAG424(uid424, meta, file, EntryPoint+Tag424)}
	intact := chip.NewNTAG223StatusDetect(uidStatus, key22x, EntryPoint+TagStatusDetect, chip.LoopClosed)
	t.all = []Tag{
		{"genuine-424", "a genuine NTAG 424 DNA", t.genuine},
		{"genuine-223", "a genuine NTAG 223 DNA", chip.NewNTAG223(uid223, key22x, EntryPoint+Tag223)},
		{"genuine-224", "a genuine NTAG 224 DNA", chip.NewNTAG224(uid224, key22x, EntryPoint+Tag224)},
		{"genuine-223-status", "a genuine NTAG 223 DNA StatusDetect, its loop closed", intact},
		{"clone", "a copy that repeats one URL of genuine-424; invalid at once if that was tapped since", nil},
		{"foreign", "a tag of somebody else", chip.NewForeign("https://www.example.net/menu?table=7")},
		{"payment", "a payment card", chip.NewPaymentCard()},
		{"classic", "a MIFARE Classic card", chip.NewClassic()},
		{"blank", "an NTAG without a message", chip.NewBlank()},
	}

	t.Recapture() // makes the clone
	return t
}

// Recapture replaces the clone by one that repeats a newer URL of genuine-424, captured now.
func (t *TagTable) Recapture() {
	clone := chip.NewClone(t.genuine.Capture())

	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.all {
		if t.all[i].Name == "clone" {
			t.all[i].chip = clone
		}
	}
}

// Find returns the tag of that name.
func (t *TagTable) Find(name string) (chip.Chip, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()

	i := slices.IndexFunc(t.all, func(tag Tag) bool { return tag.Name == name })
	if i < 0 {
		return nil, false
	}
	return t.all[i].chip, true
}

// List returns all tags.
func (t *TagTable) List() []Tag {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.all)
}
