// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func TestNTAG22xAnswersCommands(t *testing.T) {
	const url = "http://www.a.io/"
	chip := NewNTAG213([7]byte{0x04, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}, url)
	uid := "0422339D44556677"
	tests := []struct {
		name    string
		chip    Chip
		command string
		want    string
	}{
		{"UID and CC", chip, "3000", uid + "00480000" + "E1101200"},
		{"TLVs", chip, "3004", "0103A00C34" + "030A" + "D1010655" + "01612E696F"},
		{"roll-over", chip, "302C", "00000000" + uid + "00480000"},
		{"roll-over of two", chip, "302B", "0000000000000000" + uid},
		{"behind the last page", chip, "302D", ErrNAK.Error()},
		{"too long", chip, "300000", ErrNAK.Error()},
		{"FAST_READ", chip, "3A0001", uid},
		{"FAST_READ of one", chip, "3A0303", "E1101200"},
		{"FAST_READ backwards", chip, "3A0403", ErrNAK.Error()},
		{"FAST_READ over the end", chip, "3A002D", ErrNAK.Error()},
		{"WRITE", chip, "A20400000000", ErrNAK.Error()},
		{"nothing", chip, "", ErrNAK.Error()},
		{"version of a 213", chip, "60", "0004040201000F03"},
		{"version of a 223", NewNTAG223(test22x, key1, url22x), "60", "0004040204000F03"},
		{"last page of a 223", NewNTAG223(test22x, key1, url22x), "3A3B3B", "00000000"},
		{"behind a 223", NewNTAG223(test22x, key1, url22x), "303C", ErrNAK.Error()},
		{
			"version of a 223 StatusDetect", NewNTAG223StatusDetect(test22x, key1, url22x, LoopClosed), "60",
			"0004040804000F03",
		},
		{
			"behind a 223 StatusDetect", NewNTAG223StatusDetect(test22x, key1, url22x, LoopClosed), "303C",
			ErrNAK.Error(),
		},
		{"version of a 224", NewNTAG224(test22x, key1, url22x), "60", "0004040205001003"},
		{"CC and lock TLV of a 224", NewNTAG224(test22x, key1, url22x), "3A0304", "E1101A00" + "0103E00C"},
		{"last page of a 224", NewNTAG224(test22x, key1, url22x), "3A4B4B", "00000000"},
		{"behind a 224", NewNTAG224(test22x, key1, url22x), "304C", ErrNAK.Error()},
		{
			"version of a 224 StatusDetect", NewNTAG224StatusDetect(test22x, key1, url22x, LoopClosed), "60",
			"0004040805001003",
		},
		{
			"behind a 224 StatusDetect", NewNTAG224StatusDetect(test22x, key1, url22x, LoopClosed), "304C",
			ErrNAK.Error(),
		},
		{"blank", NewBlank(), "3A0405", "0103A00C34" + "0300FE"},
		{
			"version of a long clone", NewClone("https://tap.example.com/" + strings.Repeat("x", 200)), "60",
			"0004040201001303",
		},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := send(tt.chip, tt.command); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.command, got, tt.want)
			}
		})
	}
}

// mirrored reads the user memory of a Type 2 chip and returns the UID, counter and MAC in its URL.
func mirrored(t *testing.T, c Chip) (uid [7]byte, counter uint32) {
	t.Helper()
	memory, err := hex.DecodeString(send(c, "3A0427"))
	if err != nil {
		t.Fatal(err)
	}

	_, url, _ := bytes.Cut(memory, []byte{'U', 0x04})
	url, _, _ = bytes.Cut(url, []byte{0xFE})
	mirror, ok := strings.CutPrefix(string(url), "tap.example.com/tag_y?m=")
	if !ok {
		t.Fatalf("got %s, want a mirror behind %s?m=", url, url22x)
	}

	uid, counter, ok = Open22x(key1, mirror)
	if !ok {
		t.Errorf("got %s, want a genuine mirror", mirror)
	}

	return uid, counter
}

func TestNTAG223CountsPerPowerUp(t *testing.T) {
	tests := []struct {
		name  string
		steps []string
		want  uint32
	}{
		{"never read", []string{"60"}, 0},
		{"READ", []string{"3004"}, 1},
		{"FAST_READ", []string{"3A0427"}, 1},
		{"READ of page 0", []string{"3000"}, 1},
		{"many", []string{"3000", "3004", "3A0427"}, 1},
		{"NAK does not count", []string{"3040", "3A0503"}, 0},
		{"new selection", []string{"3004", "activate", "3004"}, 1},
		{"power cycle", []string{"3004", "power", "3004"}, 2},
		{"power cycle without READ", []string{"3004", "power", "60"}, 1},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chip := NewNTAG223(test22x, key1, url22x)
			for _, step := range tt.steps {
				switch step {
				case "activate":
					chip.Activate()

				case "power":
					chip.Power(false)
					chip.Power(true)

				default:
					send(chip, step)
				}
			}

			if got := chip.Counter(); got != tt.want {
				t.Errorf("%v: got %d, want %d", tt.steps, got, tt.want)
			}
		})
	}
}

// chips22x are the four members of the family, under one key.
var chips22x = []struct {
	name         string
	chip         func() *NTAG22x
	mirrorLength int
}{
	{"223", func() *NTAG22x { return NewNTAG223(test22x, key1, url22x) }, 38},
	{"223 StatusDetect", func() *NTAG22x { return NewNTAG223StatusDetect(test22x, key1, url22x, LoopClosed) }, 49},
	{"224", func() *NTAG22x { return NewNTAG224(test22x, key1, url22x) }, 38},
	{"224 StatusDetect", func() *NTAG22x { return NewNTAG224StatusDetect(test22x, key1, url22x, LoopClosed) }, 49},
}

func TestNTAG22xProofVerifies(t *testing.T) {
	for _, tt := range chips22x {
		t.Run(tt.name, func(t *testing.T) {
			chip := tt.chip()
			for want := uint32(1); want < 6; want += 2 {
				chip.Power(true)
				uid, counter := mirrored(t, chip)
				if uid != test22x || counter != want {
					t.Errorf("got %X, %d, want %X, %d", uid, counter, test22x, want)
				}

				again := chip.Capture()
				mirror, ok := strings.CutPrefix(again, url22x+"?m=")
				if !ok || len(mirror) != tt.mirrorLength || chip.Counter() != want+1 {
					t.Errorf("capture: got %s at count %d, want a mirror of %d characters at count %d",
						again, chip.Counter(), tt.mirrorLength, want+1)
				}

				chip.Power(false)
			}
		})
	}
}

// A mirror shows the status that the chip was made with, and hides none of it.
func TestStatusDetectMirrorShowsItsLoop(t *testing.T) {
	closed := NewNTAG223StatusDetect(test22x, key1, url22x, LoopClosed).Capture()
	open := NewNTAG224StatusDetect(test22x, key1, url22x, LoopOpen).Capture()
	if want := "x000001xCC00000000x"; !strings.Contains(closed, want) {
		t.Errorf("loop closed: got %s, want %s in it", closed, want)
	}
	if want := "x000001xCO00000000x"; !strings.Contains(open, want) {
		t.Errorf("loop open: got %s, want %s in it", open, want)
	}
}
