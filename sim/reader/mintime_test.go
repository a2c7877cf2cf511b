// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Whoever asks a chip with Timing for what the floor counts, passes as many bytes and gets the URL no sooner.
func TestFloor(t *testing.T) {
	n424, n223 := chip.NewNTAG424(test424, key1, key2, url424), chip.NewNTAG223(test22x, key1, url22x)
	message := len(chip.URIMessage(n424.Capture()))
	last := 3 + (2+len(chip.URIMessage(n223.Capture()))+3)/4 // page; the message begins in page 4
	for _, tt := range []struct {
		name string
		chip chip.Chip
		url  string
		asks []string
	}{
		{"ntag424", n424, n424.Capture(), []string{listA, "4001" + selectApp, "4001" + selectNDEF, fmt.Sprintf("400100B00000%02X", 2+message)}},
		{"ntag223", n223, n223.Capture(), []string{listA, "423A0412", fmt.Sprintf("423A13%02X", last)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := antenna.NewField()
			h, p := newHost(t, f)
			h.ask(finite)
			h.ask("320101")
			p.Timing(true)
			floor := MinReadOf(tt.chip.Target(), tt.url)
			took := fastest(5, func() {
				f.Put(tt.chip)
				p.Traffic()
				for _, ask := range tt.asks {
					h.ask(ask)
				}
			})
			h.ask("02") // whose answer comes when the account of the others is closed
			bytes := 0
			dialogues := p.Traffic().Dialogues
			dialogues = dialogues[:min(len(dialogues), len(tt.asks))]
			for _, d := range dialogues {
				bytes += d.Bytes
			}
			if len(dialogues) != floor.Commands || bytes != floor.Bytes {
				t.Errorf("%d commands of %d bytes, the floor is %d of %d", len(dialogues), bytes, floor.Commands, floor.Bytes)
			}
			if took < floor.Time-floor.Time/50 || took > floor.Time+floor.Time/20+time.Millisecond {
				t.Errorf("took %v, the floor is %v", took, floor.Time)
			}
		})
	}
}

// With Timing, InAutoPoll finds a chip when it looks next, and not when that comes.
func TestAutoPollLooksOnceAPeriod(t *testing.T) {
	f := antenna.NewField()
	h, p := newHost(t, f)
	p.Timing(true)
	chip := chip.NewNTAG424(test424, key1, key2, url424)
	began := time.Now()
	time.AfterFunc(pollPeriodUnit/3, func() { f.Put(chip) })
	h.ask("601401" + "20")
	if took := time.Since(began); took < pollPeriodUnit {
		t.Errorf("a chip that came after %v was found after %v", pollPeriodUnit/3, took)
	}
}
