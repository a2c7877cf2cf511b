// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

func TestFieldSpeaksOnlyToASelectedChip(t *testing.T) {
	getVersion := []byte{0x60}
	type step struct {
		do   func(*Field)
		want error // of GET_VERSION afterwards
	}

	put := func(f *Field) { f.Put(chip.NewBlank()) }
	choose := func(f *Field) { f.RF(true); f.Select() }
	cycle := func(f *Field) { f.RF(false); choose(f) }
	tests := []struct {
		name  string
		steps []step
	}{
		{"empty", []step{{choose, chip.ErrMute}}},
		{"not selected", []step{{put, chip.ErrMute}, {choose, nil}}},
		{"selected before RF", []step{{put, chip.ErrMute}, {func(f *Field) { f.Select(); f.RF(true) }, chip.ErrMute}}},
		{"RF off", []step{
			{put, chip.ErrMute}, {choose, nil}, {func(f *Field) { f.RF(false) }, chip.ErrMute}, {choose, nil},
		}},
		{"RF cycle", []step{
			{put, chip.ErrMute}, {choose, nil}, {func(f *Field) { f.RF(false); f.RF(true) }, chip.ErrMute},
		}},
		{"RF on again", []step{{put, chip.ErrMute}, {choose, nil}, {func(f *Field) { f.RF(true) }, nil}}},
		{"removed", []step{
			{put, chip.ErrMute}, {choose, nil}, {(*Field).Remove, chip.ErrMute}, {choose, chip.ErrMute},
		}},
		{"replaced", []step{{put, chip.ErrMute}, {choose, nil}, {put, chip.ErrMute}, {choose, nil}}},
		{"halted", []step{
			{put, chip.ErrMute}, {choose, nil}, {(*Field).Deselect, chip.ErrMute}, {choose, chip.ErrMute}, {cycle, nil},
		}},
		{"NAK", []step{
			{put, chip.ErrMute}, {choose, nil}, {func(f *Field) { f.Transceive([]byte{0xFF}) }, chip.ErrMute},
			{choose, nil},
		}},
		{"HLTA", []step{
			{put, chip.ErrMute}, {choose, nil}, {func(f *Field) { f.Transceive([]byte{0x50, 0x00}) }, chip.ErrMute},
			{choose, chip.ErrMute}, {cycle, nil},
		}},
		{"selected again", []step{{put, chip.ErrMute}, {choose, nil}, {choose, nil}}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := NewField()
			for i, s := range tt.steps {
				s.do(f)
				if got, want := f.Present(), s.want == nil; got != want {
					t.Errorf("step %d: present: got %t, want %t", i, got, want)
				}
				if _, got := f.Transceive(getVersion); !errors.Is(got, s.want) {
					t.Errorf("step %d: got %v, want %v", i, got, s.want)
				}
			}
		})
	}
}

// Two proofs in one tap: a 424 gives the second once its file is selected again, a 223 only after a field cycle.
func TestFieldCycleMakesAChipCount(t *testing.T) {
	tests := []struct {
		name    string
		between func(*Field, chip.Chip)
		want424 uint32
		want223 uint32
	}{
		{"nothing", func(*Field, chip.Chip) {}, 2, 1},                        // the commands select the file again
		{"selected again", func(f *Field, _ chip.Chip) { f.Select() }, 1, 1}, // a 424 does not hear it, and is lost
		{"field cycle", func(f *Field, _ chip.Chip) { f.RF(false); f.RF(true); f.Select() }, 2, 2},
		{"lifted and laid down", func(f *Field, c chip.Chip) { f.Remove(); f.Put(c); f.Select() }, 2, 2},
		{"lifted", func(f *Field, _ chip.Chip) { f.Remove(); f.Select() }, 1, 1},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n424, n223 := chip.NewNTAG424(test424, key1, key2, url424), chip.NewNTAG223(test22x, key1, url22x)
			twice := func(c chip.Chip, commands ...string) {
				f := NewField()
				f.RF(true)
				f.Put(c)
				f.Select()

				for i := range 2 {
					if i == 1 {
						tt.between(f, c)
					}

					for _, command := range commands {
						tx, _ := hex.DecodeString(command)
						f.Transceive(tx)
					}
				}
			}

			twice(n424, selectApp, selectNDEF, readAll)
			twice(n223, "3004", "3008")
			if got := n424.Counter(); got != tt.want424 {
				t.Errorf("NTAG 424: got %d, want %d", got, tt.want424)
			}
			if got := n223.Counter(); got != tt.want223 {
				t.Errorf("NTAG 223: got %d, want %d", got, tt.want223)
			}
		})
	}
}

func TestFieldIsSafeForConcurrentUse(t *testing.T) {
	f := NewField()
	var work sync.WaitGroup

	for range 4 {
		work.Go(func() {
			for range 200 {
				f.RF(true)
				f.Put(chip.NewNTAG223(test22x, key1, url22x))
				f.Select()
				f.Transceive([]byte{0x30, 0x04})
				f.Present()
				f.Frame([]byte{0x52}, 7)
				f.RF(false)
				f.Remove()
			}
		})
	}

	work.Wait()
	if f.Present() {
		t.Error("got a chip, want none")
	}
}

// meter is a chip that records when its power comes and goes.
type meter struct {
	chip.Chip
	changes []bool
}

func (m *meter) Power(on bool) { m.changes = append(m.changes, on) }

func TestFieldPowersItsChips(t *testing.T) {
	f, first, second := NewField(), &meter{Chip: chip.NewBlank()}, &meter{Chip: chip.NewBlank()}
	f.Put(first)
	f.RF(true)
	f.RF(true)
	f.RF(false)
	f.RF(true)
	f.Select()
	f.Select()
	f.Put(second)
	f.Remove()
	f.Remove()
	f.RF(false)
	f.Put(first)
	f.Remove()

	for _, tt := range []struct {
		name      string
		got, want []bool
	}{
		{"first", first.changes, []bool{true, false, true, false}},
		{"second", second.changes, []bool{true, false}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

func TestFieldFindsAChipByItsUID(t *testing.T) {
	f := NewField()
	f.RF(true)
	f.Put(chip.NewNTAG424(test424, key1, key2, url424))
	if _, _, found := f.Find(Request{Command: REQA, Tries: 2, UID: test22x[:], RATS: true}); found || f.Present() {
		t.Errorf("another UID: got %t, present %t, want neither", found, f.Present())
	}
	got, _, found := f.Find(Request{Command: REQA, Tries: 2, UID: test424[:], RATS: true})
	want := chip.NewNTAG424(test424, key1, key2, url424).Target()
	if !found || !bytes.Equal(got.UID, want.UID) || !bytes.Equal(got.ATS, want.ATS) {
		t.Errorf("got %+v, %t, want %+v", got, found, want)
	}
}

// The UIDs decide which of two chips wins, not the order in which they came.
func TestAnticollisionIsWonByTheUID(t *testing.T) {
	type2 := func(uid []byte) chip.Chip {
		return chip.NewClone(url22x, chip.Target{ATQA: [2]byte{0x00, 0x44}, UID: uid})
	}

	tests := []struct{ winner, loser []byte }{
		{[]byte{0x01, 0, 0, 0}, []byte{0xFE, 0xFF, 0xFF, 0xFF}},
		{[]byte{0x02, 0, 0, 0}, []byte{0x04, 0, 0, 0}},
		{[]byte{0x04, 0, 0, 0x80}, []byte{0x04, 0, 0, 0x00}},
		{[]byte{0x08, 1, 0, 0}, []byte{0x08, 0, 0xFF, 0xFF}},
		{[]byte{0x04, 1, 1, 1, 1, 1, 1}, []byte{0x04, 1, 1, 1, 1, 1, 0}},
		{[]byte{0x0C, 0, 0, 0}, []byte{0x04, 1, 1, 1, 1, 1, 1}}, // 88 is the first byte of seven
	}

	for _, tt := range tests {
		for _, uids := range [][2][]byte{{tt.winner, tt.loser}, {tt.loser, tt.winner}} {
			f := NewField()
			f.RF(true)
			f.Put(type2(uids[0]), type2(uids[1]))
			got, found := f.Select()
			if want := tt.winner; !found || string(got.UID) != string(want) {
				t.Errorf("of %x: got %x, want %x", uids, got.UID, want)
			}
		}
	}
}

// A second tag that is still in ISO-DEP takes the first one's APDUs for its own; two different answers are no answer.
func TestTwoTagsInISODEPCollide(t *testing.T) {
	f, one := NewField(), chip.NewNTAG424(test424, key1, key2, url424)
	other := chip.NewNTAG424([7]byte{0x04, 1, 2, 3, 4, 5, 6}, key1, key2, url424)
	f.RF(true)
	f.Put(one, other)
	f.Select()
	f.Select()

	for _, command := range []string{selectApp, selectNDEF} {
		tx, _ := hex.DecodeString(command)
		if rx, err := f.Transceive(tx); err != nil {
			t.Errorf("the same answer twice: got %x, %v, want it once", rx, err)
		}
	}

	tx, _ := hex.DecodeString(readAll)
	if rx, err := f.Transceive(tx); !errors.Is(err, ErrCollision) {
		t.Errorf("got %x, %v, want %v", rx, err, ErrCollision)
	}
	if one.Counter() != 1 || other.Counter() != 1 {
		t.Errorf("got counts %d and %d, want 1 and 1", one.Counter(), other.Counter())
	}
}

func TestFieldSeesANewRandomIDEachTime(t *testing.T) {
	tag := chip.NewNTAG424(test424, key1, key2, url424)
	tag.RandomID = true
	f := NewField()
	f.Put(tag)
	seen := map[string]bool{}

	for range 8 {
		f.RF(true)
		target, found := f.Select()
		if !found || len(target.UID) != 4 || target.UID[0] != 0x08 || target.ATQA != [2]byte{0x03, 0x04} {
			t.Fatalf("got %+v, %t, want four bytes from 08 on", target, found)
		}

		f.Deselect()
		seen[string(target.UID)] = true
		if again := tag.Target(); !slices.Equal(again.UID, target.UID) {
			t.Errorf("without loss of power: got %x, want %x", again.UID, target.UID)
		}

		f.RF(false)
	}

	if len(seen) < 7 {
		t.Errorf("got %d UIDs of 8 activations, want a new one each", len(seen))
	}
}
