// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// muteTag refuses every command.
type muteTag struct{ target simchip.Target }

func (m muteTag) Target() simchip.Target            { return m.target }
func (m muteTag) Power(bool)                        {}
func (m muteTag) Activate()                         {}
func (m muteTag) Transceive([]byte) ([]byte, error) { return nil, simchip.ErrNAK }

func TestTapEndsWithinItsLimits(t *testing.T) {
	type2Target := simchip.Target{ATQA: [2]byte{0x00, 0x44}, UID: []byte{4, 1, 2, 3, 4, 5, 6}}
	kib, kibURL := bigMessage(1024)
	dribble := func() simchip.Chip {
		c := newType4Card(kib)
		c.chunk = 1
		return c
	}

	silent := func() simchip.Chip { return simchip.NewClone("https://a.example", type2Target) }
	refusing := func() simchip.Chip { return muteTag{type2Target} }
	kilobyte := func() simchip.Chip { return newType4Card(kib) }
	tests := []struct {
		name   string
		chip   func() simchip.Chip
		took   time.Duration
		url    string
		reason scan.Reason
		most   int // exchanges
	}{
		{"1 KiB in 64 exchanges", kilobyte, 0, kibURL, "", 11},
		{"a byte at a time", dribble, 0, "", scan.ReasonUnsupported, maxExchanges},
		{"nothing but NAKs", refusing, 0, "", scan.ReasonTorn, maxExchanges},
		{"nothing but NAKs, slowly", refusing, 50 * time.Millisecond, "", scan.ReasonTorn, 12},
		{"a byte at a time, slowly", dribble, 50 * time.Millisecond, "", scan.ReasonTorn, 12},
		{"within 600 ms", kilobyte, 50 * time.Millisecond, kibURL, "", 11},
		{"not within 600 ms", kilobyte, 61 * time.Millisecond, "", scan.ReasonTorn, 10},
		{"no answer", silent, 700 * time.Millisecond, "", scan.ReasonTorn, 0},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAntenna(tt.chip())
				a.took = tt.took
				tap, err := a.tap()
				if err != nil || tap.URL != tt.url || tap.Reason != tt.reason {
					t.Errorf("got %q, %q, %v; want %q, %q", tap.URL, tap.Reason, err, tt.url, tt.reason)
				}

				if len(a.sent) > tt.most {
					t.Errorf("%d exchanges, want at most %d", len(a.sent), tt.most)
				}
				if took := tap.Read.Sub(tap.Entered); took > maxTapTime+3*tt.took {
					t.Errorf("the tap took %v", took)
				}
			})
		})
	}
}

// Looking for a lost tag costs no exchange: a tag that comes back late can still be read, as long as
// the tap may take.
func TestSelectingATagAgainCostsNoExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAntenna(nil)
		tag := &type2Tag{memory: formatted(16, ccOf(48))}
		x := newDialogue(a, Target(tag.Target()), time.Now(), TwoTaps)
		x.exchanges = 2
		time.AfterFunc(500*time.Millisecond, func() { a.field.Put(tag) })
		if err := x.again(); err != nil {
			t.Fatalf("a tag that came back after 500 ms: %v", err)
		}

		for range 2 {
			if _, err := x.transceive(cmdRead, 3); err != nil {
				t.Error(err)
			}
		}

		if _, err := x.transceive(cmdRead, 3); !errors.Is(err, errTooMany) {
			t.Errorf("a third exchange of two: got %v, want %v", err, errTooMany)
		}
		if err := x.again(); !errors.Is(err, errTooMany) {
			t.Errorf("select without an exchange left: got %v, want %v", err, errTooMany)
		}
	})
}
