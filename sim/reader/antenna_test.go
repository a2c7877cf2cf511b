// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"testing"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// listed223 is the answer to listA if an NTAG 223 lies there.
const listed223 = "4b010100440007" + "04223344556677"

// Of two tags the PN532 finds one, and then the other once the first has been deselected.
func TestPN532FindsTwoTagsOneAfterTheOther(t *testing.T) {
	f := antenna.NewField()
	n424, n223 := chip.NewNTAG424(test424, key1, key2, url424), chip.NewNTAG223(test22x, key1, url22x)
	f.Put(n424, n223)
	h, _ := newHost(t, f)

	for i, e := range []exchange{
		{"3205000100", "33"}, // one try finds a tag in IDLE
		{listA, listed424}, {"4001" + selectApp, "41009000"},
		{"4401", "4500"}, {listA, listed223}, {"42" + "60", "4300" + "0004040204000f03"},
		{"4401", "4500"}, {listA, listedNone},
		{"320100", "33"}, {listA, listed424},
	} {
		if got := h.ask(e.command); got != e.want {
			t.Errorf("%d, %s: got %s, want %s", i, e.command, got, e.want)
		}
	}

	f.Take(n424)
	if got := h.ask(listA); got != listed223 {
		t.Errorf("got %s, want %s", got, listed223)
	}

	f.Add(n424)
	if got := h.ask(listA); got != listed424 {
		t.Errorf("got %s, want %s", got, listed424)
	}
}

// Which tags answer the REQA of a PN532. An active Type 2 tag answers the second try: the first takes it out of ACTIVE.
// A tag in HALT answers once it has lost its power, or to InSelect and to a list with its UID, which send WUPA.
func TestPN532WakesARestingTag(t *testing.T) {
	const once, twice, cycle = "3205000100", "3205000101", "320100"
	tests := []struct {
		name   string
		chip   chip.Chip
		script []exchange
	}{
		{"active Type 2, one try", chip.NewBlank(), []exchange{
			{once, "33"}, {listA, listed213}, {listA, listedNone}, {listA, listed213},
		}},
		{"active Type 2, two tries", chip.NewBlank(), []exchange{
			{twice, "33"}, {listA, listed213}, {listA, listed213}, {listA, listed213},
		}},
		{"Type 2 after NAK", chip.NewBlank(), []exchange{
			{once, "33"}, {listA, listed213}, {"4230ff", "4302"}, {listA, listed213},
		}},
		{"Type 2 after an unknown command", chip.NewBlank(), []exchange{
			{once, "33"}, {listA, listed213}, {"421a00", "4301"}, {"423003", "4301"}, {listA, listed213},
		}},
		{"Type 2 in HALT", chip.NewBlank(), []exchange{
			{finite, "33"}, {listA, listed213}, {"4401", "4500"}, {listA, listedNone}, {cycle, "33"},
			{listA, listed213},
		}},
		{"Type 2 woken", chip.NewBlank(), []exchange{
			{finite, "33"}, {listA, listed213}, {"4401", "4500"}, {"5401", "5500"},
			{"423003", "4300e11012000103a00c340300fe00000000"},
			{listA, listedNone}, // back to HALT, where it came from
		}},
		{"Type 2 in HALT, listed by its UID", chip.NewBlank(), []exchange{
			{once, "33"}, {listA, listed213}, {"4401", "4500"}, {listA + "8804b1a94b000003", listed213},
		}},
		{"Type 4 in PROTOCOL", chip.NewNTAG424(test424, key1, key2, url424), []exchange{
			{finite, "33"}, {listA, listed424}, {listA, listedNone}, {"4401", "4500"}, {listA, listedNone},
			{cycle, "33"}, {listA, listed424},
		}},
		{"Type 4 in HALT", chip.NewNTAG424(test424, key1, key2, url424), []exchange{
			{finite, "33"}, {listA, listed424}, {"4401", "4500"}, {listA, listedNone}, {cycle, "33"},
			{listA, listed424},
		}},
		{"Type 4 woken", chip.NewNTAG424(test424, key1, key2, url424), []exchange{
			{finite, "33"}, {listA, listed424}, {"4401", "4500"}, {"5401", "5500"}, {"4001" + selectApp, "41009000"},
		}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := antenna.NewField()
			f.Put(tt.chip)
			h, _ := newHost(t, f)

			for i, e := range tt.script {
				if got := h.ask(e.command); got != e.want {
					t.Errorf("%d, %s: got %s, want %s", i, e.command, got, e.want)
				}
			}
		})
	}
}

func TestInCommunicateThruSeesACollision(t *testing.T) {
	f := antenna.NewField()
	f.Put(chip.NewBlank(), chip.NewNTAG223(test22x, key1, url22x))
	h, _ := newHost(t, f)

	for i, e := range []exchange{
		{"320101", "33"}, {"086302006303" + "00" + "633d07", "09"}, {"4226", "4300" + "4400"},
		{"08633d00", "09"}, {"429320", "4306"}, // different UIDs
	} {
		if got := h.ask(e.command); got != e.want {
			t.Errorf("%d, %s: got %s, want %s", i, e.command, got, e.want)
		}
	}
}

func TestLeaveAfterCountsExchanges(t *testing.T) {
	type step struct{ command, want string }
	select424 := step{listA, listed424}
	tests := []struct {
		name  string
		after int
		chip  chip.Chip
		steps []step
	}{
		{"before the activation", 0, chip.NewNTAG424(test424, key1, key2, url424), []step{{listA, listedNone}}},
		{"before the first APDU", 1, chip.NewNTAG424(test424, key1, key2, url424), []step{
			select424, {"4001" + selectApp, "4101"}, {listA, listedNone},
		}},
		{"before the second APDU", 2, chip.NewNTAG424(test424, key1, key2, url424), []step{
			select424, {"0006", "0100"}, {"4001" + selectApp, "41009000"},
			{"4001" + selectNDEF, "4101"}, {"0006", "0101"},
		}},
		{"before the second READ", 2, chip.NewBlank(), []step{
			{listA, listed213}, {"423003", "4300e11012000103a00c340300fe00000000"}, {"423003", "4301"},
		}},
		{"never", -1, chip.NewBlank(), []step{{listA, listed213}, {"423003", "4300e11012000103a00c340300fe00000000"}}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := antenna.NewField()
			h, _ := newHost(t, f)
			h.ask(finite)
			f.LeaveAfter(tt.after)
			if got := h.ask(listA); got != listedNone { // counts nothing: nothing lies there
				t.Errorf("got %s, want %s", got, listedNone)
			}

			f.Put(tt.chip)
			for i, s := range tt.steps {
				if got := h.ask(s.command); got != s.want {
					t.Errorf("%d, %s: got %s, want %s", i, s.command, got, s.want)
				}
			}
		})
	}
}
