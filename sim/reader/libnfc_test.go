// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/internal/await"
	"github.com/tagbase/tagbase-edge/sim/antenna"
	"github.com/tagbase/tagbase-edge/sim/chip"
)

// A serialPN532 is a PN532 on a pseudo-terminal, as libnfc opens it.
type serialPN532 struct {
	field  *antenna.Field
	reader *PN532
	link   string
}

func newSerialPN532(t *testing.T) *serialPN532 {
	t.Helper()
	b := &serialPN532{field: antenna.NewField(), link: filepath.Join(t.TempDir(), "reader")}
	b.reader = NewPN532(b.field)
	pty, err := OpenPTY(b.link)
	if err != nil {
		t.Fatal(err)
	}

	served := make(chan error)
	go func() { served <- b.reader.Serve(pty) }()
	t.Cleanup(func() {
		if err := pty.Close(); err != nil {
			t.Error(err)
		}
		if err := await.Value(t, "the end of the serving", served); err != nil {
			t.Error(err)
		}
	})

	return b
}

// console collects what a program prints, and acts once when it reads the cue.
type console struct {
	heard bytes.Buffer
	cue   string
	act   func()
}

func (c *console) Write(p []byte) (int, error) {
	c.heard.Write(p)
	if c.act != nil && strings.Contains(c.heard.String(), c.cue) {
		c.act()
		c.act = nil
	}
	return len(p), nil
}

// run runs one of Debian's libnfc programs on the reader and returns the words that it prints, joined by single spaces.
// It takes the tag away when the program waits for that.
func (b *serialPN532) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skipf("SKIPPED: %s is missing: apt install libnfc-bin libnfc-examples", args[0])
	}

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "LIBNFC_DEFAULT_DEVICE=pn532_uart:"+b.link, "LIBNFC_LOG_LEVEL=1")
	out := &console{cue: "Waiting for card removing", act: b.field.Remove}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	t.Logf("%v: %v, %d commands in all\n%s", args, err, b.reader.Commands(), out.heard.String())

	return strings.Join(strings.Fields(out.heard.String()), " "), err
}

// tool runs a program that must not fail.
func (b *serialPN532) tool(t *testing.T, args ...string) string {
	t.Helper()
	heard, err := b.run(t, args...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return heard
}

func TestLibnfcToolsFindTags(t *testing.T) {
	genuine424 := func() []chip.Chip { return []chip.Chip{chip.NewNTAG424(test424, key1, key2, url424)} }
	genuine223 := func() []chip.Chip { return []chip.Chip{chip.NewNTAG223(test22x, key1, url22x)} }
	classic := func() []chip.Chip { return []chip.Chip{chip.NewClassic()} }
	nobody := func() []chip.Chip { return nil }
	both := func() []chip.Chip { return append(genuine424(), genuine223()...) }
	shownBoth := []string{
		"2 ISO14443A passive", "UID (NFCID1): 04 de 5f 1e ac c0 40", "UID (NFCID1): 04 22 33 44 55 66 77",
	}
	randomID := func() []chip.Chip {
		tag := chip.NewNTAG424(test424, key1, key2, url424)
		tag.RandomID = true
		return []chip.Chip{tag}
	}

	shown424 := []string{
		"ATQA (SENS_RES): 03 44", "UID (NFCID1): 04 de 5f 1e ac c0 40", "SAK (SEL_RES): 20", "ATS: 77 77 71 02 80",
	}
	shown223 := []string{"ATQA (SENS_RES): 00 44", "UID (NFCID1): 04 22 33 44 55 66 77", "SAK (SEL_RES): 00"}
	tests := []struct {
		name string
		chip func() []chip.Chip
		tool []string
		want []string
		miss string // must not be in it
	}{
		{"list 424", genuine424, []string{"nfc-list", "-v"}, append(shown424, "1 ISO14443A passive"), "Error"},
		{"list 223", genuine223, []string{"nfc-list", "-v"}, append(shown223, "1 ISO14443A passive"), "ATS"},
		{"list two", both, []string{"nfc-list", "-v"}, shownBoth, "3 ISO14443A"},
		{
			"list three", func() []chip.Chip { return append(both(), chip.NewClassic()) }, []string{"nfc-list"},
			[]string{"3 ISO14443A passive", "de ad 10 01"}, "Error",
		},
		{
			"list a random ID", randomID, []string{"nfc-list", "-v"},
			[]string{"1 ISO14443A passive", "ATQA (SENS_RES): 03 04", "UID (NFCID3): 08"}, "04 de",
		},
		{"poll two", both, []string{"nfc-poll"}, append(shown424, "Target Released"), "No target"},
		{
			"list nothing", nobody, []string{"nfc-list", "-v"},
			[]string{"0 ISO14443A passive", "0 ISO14443A-2 NFC Barcode"}, "UID",
		},
		{
			"list Classic", classic, []string{"nfc-list", "-v"},
			[]string{"UID (NFCID1): de ad 10 01", "SAK (SEL_RES): 08"}, "ATS",
		},
		{"poll 424", genuine424, []string{"nfc-poll"}, append(shown424, "Target Released"), "No target"},
		{"poll 223", genuine223, []string{"nfc-poll"}, append(shown223, "Target Released"), "ATS"},
		{
			"poll Classic", classic, []string{"nfc-poll"}, []string{"UID (NFCID1): de ad 10 01", "Target Released"},
			"ATS",
		},
		{
			"anticollision 424", genuine424, []string{"nfc-anticol"},
			[]string{"UID: 04de5f1eacc040", "ATQA: 0344", "SAK: 20", "ATS: 06 77 77 71 02 80"}, "WARNING",
		},
		{
			"anticollision 223", genuine223, []string{"nfc-anticol"},
			[]string{"UID: 04223344556677", "ATQA: 0044", "SAK: 00"}, "WARNING",
		},
		{
			"Ultralight read 223", genuine223, []string{"nfc-mfultralight", "r", "dump"},
			[]string{"Using MIFARE Ultralight card with UID: 04223344556677", "45 of 45 pages read (0 pages failed)"},
			"Error",
		},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSerialPN532(t)
			b.field.Put(tt.chip()...)
			got := b.tool(t, tt.tool...)

			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %q, want %q in it", got, want)
				}
			}

			if strings.Contains(got, tt.miss) {
				t.Errorf("got %q, want no %q in it", got, tt.miss)
			}
		})
	}
}

// A station opens its reader again and again; port and chip stay as they are.
func TestLibnfcReopensTheReader(t *testing.T) {
	b := newSerialPN532(t)
	b.field.Put(chip.NewForeign("https://example.org/"))

	for range 3 {
		got := b.tool(t, "nfc-list")
		if want := "1 ISO14443A passive target(s) found"; !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}
