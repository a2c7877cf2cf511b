// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// A host that sends just the commands that MinRead counts passes as many bytes, and gets the URL no sooner.
func TestMinReadIsWhatTheChipTakes(t *testing.T) {
	n424, n223 := chip.NewNTAG424(test424, key1, key2, url424), chip.NewNTAG223(test22x, key1, url22x)
	message := len(chip.URIMessage(n424.Capture()))
	last := 3 + (2+len(chip.URIMessage(n223.Capture()))+3)/4 // page; the message begins in page 4

	for _, tt := range []struct {
		name string
		chip chip.Chip
		url  string
		asks []string
	}{
		{"ntag424", n424, n424.Capture(), []string{
			listA, "4001" + selectApp, "4001" + selectNDEF, fmt.Sprintf("400100B00000%02X", 2+message),
		}},
		{"ntag223", n223, n223.Capture(), []string{listA, "423A0412", fmt.Sprintf("423A13%02X", last)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := antenna.NewField()
			h, p := newHost(t, f)
			h.ask(finite)
			h.ask("320101")
			p.Timing(true)
			least := MinReadOf(tt.chip.Target(), tt.url)
			took := fastest(5, func() {
				f.Put(tt.chip)
				p.Traffic()
				for _, ask := range tt.asks {
					h.ask(ask)
				}
			})

			h.ask("02") // its answer comes after the traffic of the others has been recorded
			bytes := 0
			dialogues := p.Traffic().Dialogues
			dialogues = dialogues[:min(len(dialogues), len(tt.asks))]
			for _, d := range dialogues {
				bytes += d.Bytes
			}

			if len(dialogues) != least.Commands || bytes != least.Bytes {
				t.Errorf("%d commands of %d bytes, want at least %d of %d",
					len(dialogues), bytes, least.Commands, least.Bytes)
			}
			if took < least.Time-least.Time/50 || took > least.Time+least.Time/20+time.Millisecond {
				t.Errorf("took %v, want at least %v", took, least.Time)
			}
		})
	}
}

// With Timing, InAutoPoll finds a chip when it next looks, not when the chip comes.
func TestAutoPollLooksOnceAPeriod(t *testing.T) {
	f := antenna.NewField()
	h, p := newHost(t, f)
	p.Timing(true)
	tag := chip.NewNTAG424(test424, key1, key2, url424)
	began := time.Now()
	time.AfterFunc(pollPeriodUnit/3, func() { f.Put(tag) })
	h.ask("601401" + "20")
	if took := time.Since(began); took < pollPeriodUnit {
		t.Errorf("a chip that came after %v was found after %v", pollPeriodUnit/3, took)
	}
}
