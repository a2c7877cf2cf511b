// SPDX-License-Identifier: Apache-2.0

package antenna

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/tagbase/tagbase-edge/sim/chip"
)

// The CRCs that any sniffer shows in an activation: RATS E050 BCA5, HLTA 5000 57CD, SAK with cascade bit 04 DA17.
func TestCRCAOfKnownFrames(t *testing.T) {
	for data, want := range map[string]string{"e050": "bca5", "5000": "57cd", "04": "da17", "": "6363"} {
		in, err := hex.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}

		crc := crcA(in)
		if got := hex.EncodeToString(crc[:]); got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
		if _, ok := TrimCRC(AppendCRC(in)); !ok {
			t.Errorf("%s: own CRC refused", data)
		}

		torn := AppendCRC(in)
		torn[0] ^= 0x01
		if _, ok := TrimCRC(torn); ok {
			t.Errorf("%s: a CRC that is not its own taken", data)
		}
	}
}

func TestCascadeLevelsOfAUID(t *testing.T) {
	tests := []struct {
		uid  []byte
		want string // levels, each with its BCC
	}{
		{[]byte{0xDE, 0xAD, 0x10, 0x01}, "dead100162"},
		{[]byte{1, 2, 3, 4, 5, 6, 7}, "8801020388" + "0405060700"},
		{[]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, "8801020388" + "880405068f" + "0708090a0c"},
	}

	for _, tt := range tests {
		if got := hex.EncodeToString(bytes.Join(Cascade(tt.uid), nil)); got != tt.want {
			t.Errorf("%x: got %s, want %s", tt.uid, got, tt.want)
		}
	}
}

// answerTo sends a frame, adding its CRC, and returns the answer without its CRC; "-" means no answer.
func answerTo(r *radio, body string) string {
	data, err := hex.DecodeString(body)
	if err != nil {
		return err.Error()
	}

	rx, bits, err := r.frame(AppendCRC(data), 0)
	switch {
	case errors.Is(err, chip.ErrMute):
		return "-"
	case bits != 0:
		return "nak"
	}

	answer, ok := TrimCRC(rx)
	if !ok {
		return "bad CRC"
	}

	return hex.EncodeToString(answer)
}

func TestBlocksOfISODEP(t *testing.T) {
	const selected = "029000" // answer to an I-block 0
	tests := []struct {
		name   string
		frames []string
		want   []string
	}{
		{"presence at once", []string{"b2", "b2"}, []string{"a3", "a3"}},
		{"presence after an exchange", []string{"02" + selectApp, "b2", "b3"}, []string{selected, selected, "a2"}},
		{"numbers toggle", []string{"02" + selectApp, "03" + selectNDEF}, []string{selected, "039000"}},
		{"deselected", []string{"c2", "b2"}, []string{"c2", "-"}},
		{"R(ACK) out of nowhere", []string{"a2"}, []string{"-"}},
		{"R-block with information", []string{"b200"}, []string{"-"}},
		{"NAD and CID", []string{"0a00" + selectApp, "0600" + selectApp}, []string{"-", "-"}},
		{"RATS twice", []string{"e050"}, []string{"-"}},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &radio{chip: chip.NewNTAG424(test424, key1, key2, url424)}
			r.wake()
			r.choose(true)

			for i, body := range tt.frames {
				if got := answerTo(r, body); got != tt.want[i] {
					t.Errorf("frame %d, %s: got %s, want %s", i, body, got, tt.want[i])
				}
			}
		})
	}
}

// A READ BINARY of the whole file is answered in blocks of 61 bytes; a reader can ask for a lost block again.
func TestBlockChainOfALongAnswer(t *testing.T) {
	r := &radio{chip: chip.NewClone(url424, chip.NewNTAG424(test424, key1, key2, url424).Target())}
	r.wake()
	r.choose(true)
	answerTo(r, "02"+selectApp)
	answerTo(r, "03"+selectNDEF)
	var got []byte
	block := answerTo(r, "02"+readAll)

	for range 6 {
		raw, err := hex.DecodeString(block)
		if err != nil {
			t.Fatal(err)
		}
		if again := answerTo(r, "b"+string(block[1]&1|'2')); again != block {
			t.Errorf("again: got %s, want %s", again, block)
		}
		if len(raw)+2 > 64 {
			t.Errorf("got a frame of %d bytes, want at most 64", len(raw)+2)
		}

		got = append(got, raw[1:]...)
		if raw[0]&0x10 == 0 {
			break
		}

		block = answerTo(r, "a"+string('3'-block[1]&1))
	}

	message := chip.URIMessage(url424)
	want := make([]byte, 256) // NLEN, the message and zeros up to the size of the file
	binary.BigEndian.PutUint16(want, uint16(len(message)))
	copy(want[2:], message)
	want = append(want, 0x90, 0x00)
	if !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestShortFramesWakeAChip(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*radio)
		command byte
		answers bool
	}{
		{"REQA", func(*radio) {}, REQA, true},
		{"WUPA", func(*radio) {}, WUPA, true},
		{"unknown", func(*radio) {}, 0x40, false},
		{"REQA to a halted chip", func(r *radio) { r.state = stateHalt }, REQA, false},
		{"WUPA to a halted chip", func(r *radio) { r.state = stateHalt }, WUPA, true},
		{"REQA in ISO-DEP", func(r *radio) { r.state = stateProtocol }, REQA, false},
		{"WUPA in ISO-DEP", func(r *radio) { r.state = stateProtocol }, WUPA, false},
		{"WUPA to an active chip", func(r *radio) { r.state = stateActive }, WUPA, false},
		{"REQA to an active chip", func(r *radio) { r.state = stateActive }, REQA, false},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &radio{chip: chip.NewBlank()}
			tt.prepare(r)
			rx, _, err := r.frame([]byte{tt.command}, 7)
			if got := err == nil; got != tt.answers {
				t.Fatalf("got %x, %v, want an answer: %t", rx, err, tt.answers)
			}
			if want := []byte{0x44, 0x00}; tt.answers && !bytes.Equal(rx, want) {
				t.Errorf("ATQA: got %x, want %x", rx, want)
			}
		})
	}
}
