// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// Debian's tools meet each fault as they would meet it on a real reader, and find the tag once the fault is gone.
func TestLibnfcMeetsFaults(t *testing.T) {
	const found = "1 ISO14443A passive target(s) found"
	tests := []struct {
		name  string
		fault Fault
		want  string // in what nfc-list prints; "" means that it does not find the tag
	}{
		{"dead at open", Fault{Kind: HangBeforeACK}, ""},
		{"hangs at select", Fault{Kind: HangAfterACK, On: 0x4A}, ""},
		{"hangs a short time", Fault{Kind: HangBeforeACK, On: 0x4A, For: 50 * time.Millisecond}, ""},
		{"no ACK", Fault{Kind: DropACK, On: 0x4A}, ""},
		{"NACK", Fault{Kind: AnswerNACK, On: 0x4A}, ""},
		{"garbage before", Fault{Kind: GarbageBefore, On: 0x4A}, ""},
		{"garbage instead", Fault{Kind: GarbageInstead, On: 0x4A}, ""},
		{"checksum", Fault{Kind: BadChecksum, On: 0x4A}, ""},
		{"length checksum", Fault{Kind: BadLength, On: 0x4A}, ""},
		{"truncated", Fault{Kind: Truncated, On: 0x4A}, ""},
		{"dribble", Fault{Kind: Dribble, On: 0x4A, Times: -1, For: 2 * time.Millisecond}, found},
		{"slow", Fault{Kind: Slow, On: 0x4A, Times: -1, For: 50 * time.Millisecond}, found},
		{"error frame", Fault{Kind: ErrorFrame, On: 0x4A}, ""},
		{"brown-out", Fault{Kind: BrownOut, On: 0x4A}, ""},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSerialPN532(t)
			b.field.Put(chip.NewNTAG424(test424, key1, key2, url424))
			b.reader.Break(tt.fault)
			got, _ := b.run(t, "nfc-list", "-t", "1")
			if b.reader.Broken() == 0 {
				t.Fatal("the fault has struck nothing")
			}
			if tt.want == "" && strings.Contains(got, found) || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}

			b.reader.Mend()
			if got, err := b.run(t, "nfc-list", "-t", "1"); err != nil || !strings.Contains(got, found) {
				t.Errorf("mended: got %q, %v, want %q in it", got, err, found)
			}
		})
	}
}

// Two answers of a reader end the process of libnfc 1.8.0.
func TestLibnfcDiesOfTwoAnswers(t *testing.T) {
	tests := []struct {
		name  string
		chip  chip.Chip
		fault Fault
		tool  []string
		want  syscall.Signal
	}{
		{
			"NAD bit", chip.NewNTAG223(test22x, key1, url22x), Fault{Kind: NADBit, On: 0x40},
			[]string{"nfc-mfultralight", "r", "dump"}, syscall.SIGABRT,
		},
		{
			"empty ATS", chip.NewNTAG424(test424, key1, key2, url424), Fault{Kind: EmptyATS},
			[]string{"nfc-list", "-t", "1"}, syscall.SIGSEGV,
		},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSerialPN532(t)
			b.field.Put(tt.chip)
			b.reader.Break(tt.fault)
			got, err := b.run(t, tt.tool...)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != tt.want {
				t.Errorf("got %q, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// A tag leaves in the middle of a read.
func TestLibnfcLosesTheTag(t *testing.T) {
	b := newSerialPN532(t)
	b.field.Put(chip.NewNTAG223(test22x, key1, url22x))
	b.field.LeaveAfter(12)
	got, _ := b.run(t, "nfc-mfultralight", "r", "dump")
	if !strings.Contains(got, "32 of 45 pages read (13 pages failed)") {
		t.Errorf("got %q, want some pages", got)
	}
}

// The reader is pulled out while a program waits for a tag, and plugged in again for the next program.
func TestLibnfcLosesTheReader(t *testing.T) {
	f := antenna.NewField()
	b := &serialPN532{field: f, link: filepath.Join(t.TempDir(), "reader"), reader: NewPN532(f)}
	a, err := NewAdapter(b.link, b.reader)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()

	unplugged := make(chan error, 1)
	go func() {
		again := time.NewTicker(time.Millisecond)
		defer again.Stop()
		for b.reader.Commands() < 8 && t.Context().Err() == nil { // after 8 commands it waits for a tag
			<-again.C
		}
		unplugged <- a.Unplug()
	}()

	if got, _ := b.run(t, "nfc-poll"); !strings.Contains(got, "Input / Output Error") {
		t.Errorf("got %q, want an input error", got)
	}
	if err := errors.Join(<-unplugged, a.Plug()); err != nil {
		t.Fatal(err)
	}

	f.Put(chip.NewBlank())
	if got, err := b.run(t, "nfc-list"); err != nil || !strings.Contains(got, "1 ISO14443A passive target(s) found") {
		t.Errorf("got %q, %v, want the tag", got, err)
	}
}
