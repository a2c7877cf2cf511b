// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"slices"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// The computed times equal figures worked out by hand, from the bytes and frames in the air: 84.96 µs for each byte,
// 18.88 µs and 91 µs for each frame.
func TestAirTimesAgainstFiguresByHand(t *testing.T) {
	n424 := chip.NewNTAG424(test424, key1, key2, url424).Target()
	ms := func(f float64) time.Duration { return time.Duration(f * float64(time.Millisecond)) }

	for _, tt := range []struct {
		name string
		got  time.Duration
		want time.Duration
	}{
		{"SELECT AID", exchangeTime(13, 2, true), ms(21*.08496 + 2*.10988)},
		{"SELECT E104", exchangeTime(7, 2, true), ms(12*.08496 + 3*.08496 + 2*.10988)},
		{"READ BINARY of 122 in three blocks", exchangeTime(5, 124, true), ms(147*.08496 + 6*.10988)},
		{"READ", exchangeTime(2, 16, false), ms(22*.08496 + 2*.10988)},
		{"no answer", exchangeTime(2, 0, false), ms(6*.08496 + 2*.10988)},
		{"activation of a 424", activationTime(n424, 1, true, true), ms(52*.08496 + 11*.10988 + 9*.00944 + .091)},
		{
			"activation of a 424 without RATS", activationTime(n424, 1, true, false),
			ms(40*.08496 + 9*.10988 + 9*.00944 + .091),
		},
		{"empty field", activationTime(chip.Target{}, 3, false, true), ms(3 * .516)},
	} {
		if diff := tt.got - tt.want; diff.Abs() > 10*time.Microsecond {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

// fastest runs f n times and returns the shortest time: a busy machine only makes f slower.
func fastest(n int, f func()) time.Duration {
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		f()
		took[i] = time.Since(began)
	}

	return slices.Min(took)
}

// A read of an NTAG 424 by three APDUs takes 24 ms on the line and 23 ms in the air.
func TestTimingTakesAsLongAsARealPN532(t *testing.T) {
	f := antenna.NewField()
	f.Put(chip.NewNTAG424(test424, key1, key2, url424))
	h, p := newHost(t, f)
	h.ask(finite)
	line := func(bytes int) time.Duration { return time.Duration(bytes) * byteTime }
	list := func() { h.ask("320100"); h.ask("320101"); h.ask(listA) }
	read := func() {
		h.ask("4001" + selectApp)
		h.ask("4001" + selectNDEF)
		h.ask("4001" + "00B000007A")
	}

	p.Timing(true)
	n424 := chip.NewNTAG424(test424, key1, key2, url424).Target()
	select1 := line(11+34) + activationTime(n424, 1, true, true)
	tests := []struct {
		name string
		run  func()
		want time.Duration
	}{
		{"version", func() { h.ask("02") }, line(9 + 6 + 13)},
		{"field and select", list, line(2*(11+6+9)) + fieldGuard - line(11+6+9) + select1},
		{
			"three APDUs", read,
			line(23+18+17+18+15+140) +
				exchangeTime(13, 2, true) + exchangeTime(7, 2, true) + exchangeTime(5, 124, true),
		},
		{"nothing there", func() { f.Remove(); h.ask(listA) }, line(11+6+10) + 3*requestGuard},
	}

	for _, tt := range tests {
		got := fastest(5, tt.run)
		t.Logf("%s: %v, by arithmetic %v", tt.name, got, tt.want)
		if got < tt.want-tt.want/50 || got > tt.want+tt.want/20+time.Millisecond {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}

	p.Timing(false)
	if got := fastest(5, func() { h.ask("02") }); got > line(9+6+13)/2 {
		t.Errorf("without timing: got %v, want next to nothing", got)
	}
}
