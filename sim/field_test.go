// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"testing"
)

func TestFieldRules(t *testing.T) {
	getVersion := []byte{0x60}
	type step struct {
		do   func(*Field)
		want error // of GET_VERSION afterwards
	}
	put := func(f *Field) { f.Put(NewBlank()) }
	choose := func(f *Field) { f.RF(true); f.Select() }
	cycle := func(f *Field) { f.RF(false); choose(f) }
	tests := []struct {
		name  string
		steps []step
	}{
		{"empty", []step{{choose, ErrMute}}},
		{"not selected", []step{{put, ErrMute}, {choose, nil}}},
		{"selected before RF", []step{{put, ErrMute}, {func(f *Field) { f.Select(); f.RF(true) }, ErrMute}}},
		{"RF off", []step{{put, ErrMute}, {choose, nil}, {func(f *Field) { f.RF(false) }, ErrMute}, {choose, nil}}},
		{"RF cycle", []step{{put, ErrMute}, {choose, nil}, {func(f *Field) { f.RF(false); f.RF(true) }, ErrMute}}},
		{"RF on again", []step{{put, ErrMute}, {choose, nil}, {func(f *Field) { f.RF(true) }, nil}}},
		{"removed", []step{{put, ErrMute}, {choose, nil}, {(*Field).Remove, ErrMute}, {choose, ErrMute}}},
		{"replaced", []step{{put, ErrMute}, {choose, nil}, {put, ErrMute}, {choose, nil}}},
		{"halted", []step{{put, ErrMute}, {choose, nil}, {(*Field).Deselect, ErrMute}, {choose, ErrMute}, {cycle, nil}}},
		{"NAK", []step{{put, ErrMute}, {choose, nil}, {func(f *Field) { f.Transceive([]byte{0xFF}) }, ErrMute}, {choose, nil}}},
		{"HLTA", []step{{put, ErrMute}, {choose, nil}, {func(f *Field) { f.Transceive([]byte{0x50, 0x00}) }, ErrMute}, {choose, ErrMute}, {cycle, nil}}},
		{"selected again", []step{{put, ErrMute}, {choose, nil}, {choose, nil}}},
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

// The rule that makes one tap two proofs: selecting the file again is enough for a 424, a 223 needs a field cycle.
func TestFieldCounts(t *testing.T) {
	tests := []struct {
		name    string
		between func(*Field, Chip)
		want424 uint32
		want223 uint32
	}{
		{"nothing", func(*Field, Chip) {}, 2, 1},                        // the commands select the file again
		{"selected again", func(f *Field, _ Chip) { f.Select() }, 1, 1}, // a 424 does not hear it, and is lost
		{"field cycle", func(f *Field, _ Chip) { f.RF(false); f.RF(true); f.Select() }, 2, 2},
		{"lifted and laid down", func(f *Field, c Chip) { f.Remove(); f.Put(c); f.Select() }, 2, 2},
		{"lifted", func(f *Field, _ Chip) { f.Remove(); f.Select() }, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n424, n223 := NewNTAG424(test424, key1, key2, url424), NewNTAG223(test22x, key1, url22x)
			twice := func(c Chip, commands ...string) {
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

func TestFieldConcurrently(t *testing.T) {
	f := NewField()
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 200 {
				f.RF(true)
				f.Put(NewNTAG223(test22x, key1, url22x))
				f.Select()
				f.Transceive([]byte{0x30, 0x04})
				f.Present()
				f.frame([]byte{0x52}, 7)
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

// meter is a chip that only watches its power.
type meter struct {
	Chip
	changes []bool
}

func (m *meter) Power(on bool) { m.changes = append(m.changes, on) }

func TestFieldPower(t *testing.T) {
	f, first, second := NewField(), &meter{Chip: NewBlank()}, &meter{Chip: NewBlank()}
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

func TestFieldFindsByUID(t *testing.T) {
	f := NewField()
	f.RF(true)
	f.Put(NewNTAG424(test424, key1, key2, url424))
	if _, _, found := f.find(call{command: reqa, tries: 2, uid: test22x[:], rats: true}); found || f.Present() {
		t.Errorf("another UID: got %t, present %t, want neither", found, f.Present())
	}
	got, _, found := f.find(call{command: reqa, tries: 2, uid: test424[:], rats: true})
	if want := target424(test424[:]); !found || !bytes.Equal(got.UID, want.UID) || !bytes.Equal(got.ATS, want.ATS) {
		t.Errorf("got %+v, %t, want %+v", got, found, want)
	}
}
