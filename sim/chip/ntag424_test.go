// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
)

const (
	selectApp  = "00A4040007D276000085010100"
	selectCC   = "00A4000C02E103"
	selectNDEF = "00A4000C02E104"
	readAll    = "00B0000000"
)

// send returns the answer in upper-case hex, or the error in words.
func send(c Chip, command string) string {
	tx, err := hex.DecodeString(command)
	if err != nil {
		return err.Error()
	}
	rx, err := c.Transceive(tx)
	if err != nil {
		return err.Error()
	}

	return strings.ToUpper(hex.EncodeToString(rx))
}

func TestNTAG424AnswersAPDUs(t *testing.T) {
	tests := []struct {
		name     string
		commands []string
		want     string // of the last
	}{
		{"application", []string{selectApp}, "9000"},
		{"application without Le", []string{"00A4040C07D2760000850101"}, "9000"},
		{"another application", []string{"00A4040007D276000085010200"}, "6A82"},
		{"PPSE", []string{"00A404000E325041592E5359532E444446303100"}, "6A82"},
		{"file without application", []string{selectNDEF}, "6A82"},
		{"file after MF", []string{selectApp, "00A4000C023F00", selectNDEF}, "6A82"},
		{"file", []string{selectApp, selectNDEF}, "9000"},
		{"no such file", []string{selectApp, "00A4000C02E106"}, "6A82"},
		{"Lc too long", []string{selectApp, "00A4000C03E104"}, "6700"},
		{"P1", []string{selectApp, "00A4080C02E104"}, "6A86"},
		{"P2", []string{selectApp, "00A4000402E104"}, "6A86"},
		{"too short", []string{"00A404"}, "6700"},
		{"class", []string{"80B0000000"}, "6E00"},
		{"instruction", []string{"00CA000000"}, "6D00"},
		{"no file selected", []string{selectApp, readAll}, "6985"},
		{"proprietary file", []string{selectApp, "00A4000C02E105", readAll}, "6982"},
		{"CC", []string{selectApp, selectCC, "00B000000F"}, "001720010000FF0406E104010000009000"},
		{"CC by short identifier", []string{selectApp, "00B0830002"}, "00179000"},
		{"behind the file", []string{selectApp, selectCC, "00B0002001"}, "6B00"},
		{"over the end", []string{selectApp, selectCC, "00B00015FF"}, "8283" + "000000000000000000" + "9000"},
		{"no Le", []string{selectApp, selectCC, "00B00000"}, "6700"},
		{"version 1", []string{"9060000000"}, "0404023000110591AF"},
		{"version 3", []string{"9060000000", "90AF000000", "90AF000000"}, "04DE5F1EACC040CF5D904510462191" + "00"},
		{"version does not go on", []string{"9060000000", selectApp, "90AF000000"}, "911C"},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chip := NewNTAG424(test424, key1, key2, url424)
			var got string
			for _, command := range tt.commands {
				got = send(chip, command)
			}

			if got != tt.want {
				t.Errorf("%v: got %s, want %s", tt.commands, got, tt.want)
			}
		})
	}
}

// urlOf reads a Type 4 NDEF file in pieces of so many bytes, NLEN first, and returns its URL.
func urlOf(t *testing.T, c Chip, piece int) string {
	t.Helper()
	for _, command := range []string{selectApp, selectNDEF} {
		if got := send(c, command); got != "9000" {
			t.Fatalf("%s: got %s, want 9000", command, got)
		}
	}

	var file []byte
	for need := 2; len(file) < need; {
		command := []byte{0x00, 0xB0, 0x00, byte(len(file)), byte(min(piece, need-len(file)))}
		rx, err := c.Transceive(command)
		if err != nil || !bytes.HasSuffix(rx, []byte{0x90, 0x00}) {
			t.Fatalf("%X: got %X, %v, want 9000", command, rx, err)
		}

		file = append(file, rx[:len(rx)-2]...)
		need = 2 + int(binary.BigEndian.Uint16(file))
	}

	if want := []byte{0xD1, 0x01, byte(len(file) - 6), 'U', 0x04}; !bytes.Equal(file[2:7], want) {
		t.Fatalf("record: got %X, want %X", file[2:7], want)
	}

	return "https://" + string(file[7:])
}

func TestNTAG424ProofVerifies(t *testing.T) {
	chip := NewNTAG424(test424, key1, key2, url424)
	for want := uint32(1); want < 4; want++ {
		got, err := url.Parse(urlOf(t, chip, 16))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := got.Host+got.Path, "tap.example.com/tag_x"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}

		uid, counter, ok := Open424(key1, key2, got.Query().Get("e"), got.Query().Get("c"))
		if !ok || uid != test424 || counter != want {
			t.Errorf("got %X, %d, %t, want %X, %d, true", uid, counter, ok, test424, want)
		}
	}
}

func TestNTAG424CountsPerReadSession(t *testing.T) {
	read := []string{selectApp, selectNDEF, "00B0000002"}
	tests := []struct {
		name string
		then []string // after read; "activate", "power" and "capture" are not commands
		want uint32
		once uint32 // with CountPerActivation
	}{
		{"one read", nil, 1, 1},
		{"successive reads", []string{"00B0000210", "00B0001210"}, 1, 1},
		{"select between", []string{selectNDEF}, 1, 1},
		{"select and read", []string{selectNDEF, readAll}, 2, 1},
		{"refused command between", []string{"00CA000000", readAll}, 2, 1},
		{"GetVersion between", []string{"9060000000", readAll}, 2, 1},
		{"reading the CC", []string{selectCC, readAll, selectCC, readAll}, 1, 1},
		{"read that fails", []string{selectNDEF, "00B0010001"}, 1, 1},
		{"activation", append([]string{"activate"}, read...), 2, 2},
		{"activation without selection", []string{"activate", readAll}, 1, 1},
		{"power cycle", append([]string{"power"}, read...), 2, 2},
		{"capture", []string{"capture", readAll}, 3, 3},
	}

	for _, tt := range tests {
		for _, once := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				chip := NewNTAG424(test424, key1, key2, url424)
				chip.CountPerActivation = once
				want := tt.want
				if once {
					want = tt.once
				}

				for _, command := range append(read[:3:3], tt.then...) {
					switch command {
					case "activate":
						chip.Activate()

					case "power":
						chip.Power(false)
						chip.Power(true)

					case "capture":
						chip.Capture()

					default:
						send(chip, command)
					}
				}

				if got := chip.Counter(); got != want {
					t.Errorf("once per activation %t: got %d, want %d", once, got, want)
				}
			})
		}
	}
}

// Two halves of one read fit together although the padding is random; a capture is a read session of its own.
func TestNTAG424CaptureCostsOneCount(t *testing.T) {
	chip := NewNTAG424(test424, key1, key2, url424)
	first, captured, last := urlOf(t, chip, 7), chip.Capture(), urlOf(t, chip, 256)
	if first == captured || captured == last || first == last {
		t.Errorf("got %s, %s, %s, want three different URLs", first, captured, last)
	}
	if got, want := chip.Counter(), uint32(3); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	if want := urlOf(t, NewClone(captured, chip.Target()), 59); captured != want {
		t.Errorf("clone: got %s, want %s", want, captured)
	}
}

// A chip with a random UID does not give away its own in GetVersion either.
func TestNTAG424WithRandomIDHidesItsUID(t *testing.T) {
	chip := NewNTAG424(test424, key1, key2, url424)
	chip.RandomID = true
	chip.Power(true)
	chip.Activate()
	for _, command := range []string{"9060000000", "90AF000000"} {
		send(chip, command)
	}

	if got, want := send(chip, "90AF000000"), "00000000000000CF5D9045104621"+"9100"; got != want {
		t.Errorf("version: got %s, want %s", got, want)
	}
}
