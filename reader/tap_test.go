// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

const (
	url424 = "https://tap.example.com/tag_x"
	url22x = "https://tap.example.com/tag_y"
)

var (
	uid424 = [7]byte{0x04, 0xDE, 0x5F, 0x1E, 0xAC, 0xC0, 0x40}
	uid22x = [7]byte{0x04, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}
	key1   = [16]byte{1}
	key2   = [16]byte{2}
)

// A genuine tag, and how its chip verifies a URL of its own.
type genuine struct {
	name     string
	chip     func() counting
	want     Chip
	commands int // of an undisturbed read
	open     func(query url.Values) (uid [7]byte, counter uint32, ok bool)
	uid      [7]byte
}

type counting interface {
	simchip.Chip
	Counter() uint32
}

var genuineTags = []genuine{
	{
		name: "424", want: ChipNTAG424, commands: 3, uid: uid424,
		chip: func() counting { return simchip.NewNTAG424(uid424, key1, key2, url424) },
		open: func(q url.Values) ([7]byte, uint32, bool) { return simchip.Open424(key1, key2, q.Get("e"), q.Get("c")) },
	},
	{
		name: "424 that counts per activation", want: ChipNTAG424, commands: 3, uid: uid424,
		chip: func() counting {
			n := simchip.NewNTAG424(uid424, key1, key2, url424)
			n.CountPerActivation = true
			return n
		},
		open: func(q url.Values) ([7]byte, uint32, bool) { return simchip.Open424(key1, key2, q.Get("e"), q.Get("c")) },
	},
	{
		name: "424 with a long URL", want: ChipNTAG424, commands: 4, uid: uid424,
		chip: func() counting { return simchip.NewNTAG424(uid424, key1, key2, url424+strings.Repeat("x", 100)) },
		open: func(q url.Values) ([7]byte, uint32, bool) { return simchip.Open424(key1, key2, q.Get("e"), q.Get("c")) },
	},
	{
		name: "223", want: ChipNTAG22x, commands: 3, uid: uid22x,
		chip: func() counting { return simchip.NewNTAG223(uid22x, key1, url22x) },
		open: func(q url.Values) ([7]byte, uint32, bool) { return simchip.Open22x(key1, q.Get("m")) },
	},
}

// otherNTAG22x are read as the 223 is, and stay out of the tests that would wait for each of them in real time.
var otherNTAG22x = []genuine{
	{
		name: "223 StatusDetect", want: ChipNTAG22x, commands: 3, uid: uid22x,
		chip: func() counting { return simchip.NewNTAG223StatusDetect(uid22x, key1, url22x, simchip.LoopOpen) },
		open: func(q url.Values) ([7]byte, uint32, bool) { return simchip.Open22x(key1, q.Get("m")) },
	},
	{
		// Its URL would not fit a 223.
		name: "224 with a long URL", want: ChipNTAG22x, commands: 4, uid: uid22x,
		chip: func() counting { return simchip.NewNTAG224(uid22x, key1, url22x+strings.Repeat("x", 100)) },
		open: func(q url.Values) ([7]byte, uint32, bool) { return simchip.Open22x(key1, q.Get("m")) },
	},
}

// verify checks that the chip itself issued the URL as a whole, and last.
func (g genuine) verify(text string, chip counting) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}

	uid, counter, ok := g.open(u.Query())
	if !ok || uid != g.uid {
		return fmt.Errorf("%q does not verify", text)
	}

	if counter != chip.Counter() {
		return fmt.Errorf("%q is of count %d, want the last, %d", text, counter, chip.Counter())
	}
	return nil
}

func TestReadGivesTheURLOfAGenuineTag(t *testing.T) {
	for _, g := range slices.Concat(genuineTags, otherNTAG22x) {
		t.Run(g.name, func(t *testing.T) {
			chip := g.chip()
			a := newAntenna(chip)
			before := time.Now()
			tap, err := a.tap()
			if err != nil || tap.Reason != "" {
				t.Fatalf("got %+v, %v", tap, err)
			}

			if err := g.verify(tap.URL, chip); err != nil {
				t.Error(err)
			}
			if want := fmt.Sprintf("%x", g.uid); tap.UID != want || tap.Chip != g.want {
				t.Errorf("UID %s of an %s, want %s of an %s", tap.UID, tap.Chip, want, g.want)
			}

			if len(a.sent) != g.commands || chip.Counter() != 1 {
				t.Errorf("%d commands for count %d, want %d for 1", len(a.sent), chip.Counter(), g.commands)
			}
			if tap.Entered.Before(before) || tap.Read.Before(tap.Entered) {
				t.Errorf("entered %v, read %v", tap.Entered, tap.Read)
			}
		})
	}
}

// A tag that is lost at any moment of a read, and comes back, gives a URL that it issued as a
// whole.
func TestReadOfATagThatIsLostStartsAgain(t *testing.T) {
	for _, g := range slices.Concat(genuineTags, otherNTAG22x) {
		for _, away := range []time.Duration{0, 30 * time.Millisecond, 400 * time.Millisecond} {
			for _, answered := range []bool{false, true} {
				for k := 1; k <= 2*g.commands+4; k++ {
					t.Run(fmt.Sprintf("%s/%v/answered=%v/%d", g.name, away, answered, k), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { loseOnce(t, g, away, answered, k) })
					})
				}
			}
		}
	}
}

func loseOnce(t *testing.T, g genuine, away time.Duration, answered bool, k int) {
	chip := g.chip()
	a := newAntenna(chip)
	a.took = 3 * time.Millisecond

	a.lose = func(n int, was bool) bool {
		if n != k || was != answered {
			return false
		}
		a.field.Remove()

		if away == 0 {
			a.field.Put(chip)
		} else {
			time.AfterFunc(away, func() { a.field.Put(chip) })
		}

		return true
	}

	tap, err := a.tap()
	if err != nil || tap.Reason != "" {
		t.Fatalf("got %+v, %v, want a URL", tap, err)
	}

	if err := g.verify(tap.URL, chip); err != nil {
		t.Error(err)
	}
	synctest.Wait()
	time.Sleep(away) // the AfterFunc of a tag that was read before it came back
}

// The same holds if the tag is lost twice.
func TestReadOfATagThatIsLostTwiceStartsAgain(t *testing.T) {
	for _, g := range genuineTags {
		for first := 1; first <= g.commands; first++ {
			for second := first + 1; second <= first+10; second++ {
				t.Run(fmt.Sprintf("%s/%d,%d", g.name, first, second), func(t *testing.T) {
					chip := g.chip()
					a := newAntenna(chip)
					a.lose = func(n int, answered bool) bool {
						if !answered || n != first && n != second {
							return false
						}
						a.field.Put(chip)
						return true
					}

					tap, err := a.tap()
					if err != nil || tap.Reason != "" {
						t.Fatalf("got %+v, %v, want a URL", tap, err)
					}

					if err := g.verify(tap.URL, chip); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// Another tag in the place of the one that was lost is not read.
func TestReadOfAnotherTagInItsPlaceIsTorn(t *testing.T) {
	for _, g := range genuineTags {
		for _, other := range genuineTags {
			if other.uid == g.uid {
				continue
			}
			for k := 1; k <= g.commands; k++ {
				t.Run(fmt.Sprintf("%s by %s at %d", g.name, other.name, k), func(t *testing.T) {
					intruder := other.chip()
					a := newAntenna(g.chip())
					a.lose = func(n int, answered bool) bool {
						if n == k && !answered {
							a.field.Put(intruder)
						}
						return false
					}

					tap, err := a.tap()
					if err != nil || tap.Reason != scan.ReasonTorn || tap.URL != "" {
						t.Errorf("got %+v, %v, want %s", tap, err, scan.ReasonTorn)
					}

					if len(a.sent) != k || intruder.Counter() != 0 {
						t.Errorf("%d exchanges, want %d; the other tag was read %d times",
							len(a.sent), k, intruder.Counter())
					}
				})
			}
		}
	}
}

func TestReadSaysWhyThereIsNoURL(t *testing.T) {
	tests := []struct {
		name string
		chip simchip.Chip
		want Tap
	}{
		{"blank", simchip.NewBlank(), Tap{Chip: ChipNTAG21x, Reason: scan.ReasonNoNDEF}},
		{"payment card", simchip.NewPaymentCard(), Tap{Chip: ChipType4, Reason: scan.ReasonUnsupported}},
		{"MIFARE Classic", simchip.NewClassic(), Tap{Chip: ChipOther, Reason: scan.ReasonUnsupported}},
		{"foreign", simchip.NewForeign("https://example.net/x"), Tap{Chip: ChipNTAG21x, URL: "https://example.net/x"}},
	}
	for _, tt := range tests {
		got, err := newAntenna(tt.chip).tap()
		if err != nil || got.Chip != tt.want.Chip || got.Reason != tt.want.Reason || got.URL != tt.want.URL {
			t.Errorf("%s: got %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
}

// A tag that does not come back is torn when the time of a tap is over.
func TestReadOfATagThatIsGoneIsTorn(t *testing.T) {
	for _, g := range genuineTags {
		synctest.Test(t, func(t *testing.T) {
			a := newAntenna(g.chip())
			a.took = 3 * time.Millisecond
			a.lose = func(n int, _ bool) bool {
				if n == 2 {
					a.field.Remove()
				}
				return false
			}

			tap, err := a.tap()
			if err != nil || tap.Reason != scan.ReasonTorn || tap.URL != "" {
				t.Errorf("%s: got %+v, %v, want %s", g.name, tap, err, scan.ReasonTorn)
			}

			if took := tap.Read.Sub(tap.Entered); took > maxTapTime+10*time.Millisecond {
				t.Errorf("%s: given up after %v", g.name, took)
			}
		})
	}
}

// brokenReader is a reader that fails for good at its nth call.
type brokenReader struct {
	*antenna
	at int
}

var errBroken = errors.New("input/output error")

func (b *brokenReader) fails() bool { b.at--; return b.at < 0 }

func (b *brokenReader) Select(int) (Target, error) {
	if b.fails() {
		return Target{}, errBroken
	}
	return b.antenna.Select(1)
}

func (b *brokenReader) Transceive(tx []byte, timeout time.Duration) ([]byte, error) {
	if b.fails() {
		return nil, errBroken
	}
	return b.antenna.Transceive(tx, timeout)
}

// A fault of the reader is returned as a fault, from a first read and from a later one.
func TestReadOnABrokenReaderReturnsTheFault(t *testing.T) {
	for _, g := range genuineTags {
		for lost := 0; lost <= g.commands; lost++ { // this exchange is lost, too; 0: no exchange is
			for at := 1; at <= g.commands; at++ {
				a := newAntenna(g.chip())
				a.lose = func(n int, answered bool) bool { return answered && n == lost }
				b := &brokenReader{antenna: a, at: at}
				target, err := a.Select(1)
				if err != nil {
					t.Fatal(err)
				}

				b.at--
				tap, err := Read(b, target, time.Now(), TwoTaps)
				if !errors.Is(err, errBroken) || tap.Reason != scan.ReasonTorn || tap.URL != "" {
					t.Errorf("%s, fault at %d, lost at %d: got %+v, %v; want %s, %v",
						g.name, at, lost, tap, err, scan.ReasonTorn, errBroken)
				}
			}
		}
	}
}

// A second proof of another tag is not taken: one of the same kind that takes the first one's place
// gives nothing.
func TestSecondProofIsOfTheSameTag(t *testing.T) {
	for at := 4; at <= 5; at++ {
		first := simchip.NewNTAG424(uid424, key1, key2, url424)
		other := simchip.NewNTAG424([7]byte{4, 9, 9, 9, 9, 9, 9}, key1, key2, url424)
		a := newAntenna(first)
		a.lose = func(n int, answered bool) bool {
			if n == at && !answered {
				a.field.Put(other)
			}
			return false
		}

		target, err := a.Select(1)
		if err != nil {
			t.Fatal(err)
		}

		tap, err := Read(a, target, time.Now(), OneTap)
		if err != nil || !slices.Contains(first.Issued(), tap.URL) || tap.Second != "" {
			t.Errorf("changed before exchange %d: got %+v, %v; want the first one's URL alone", at, tap, err)
		}
	}
}
