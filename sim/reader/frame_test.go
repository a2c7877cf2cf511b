// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyFrame parses until the end of the input.
func everyFrame(t *testing.T, input []byte) (all []frame) {
	t.Helper()
	in := newFrameScanner(bufio.NewReader(bytes.NewReader(input)))

	for {
		f, err := in.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}

		all = append(all, f)
	}
}

func TestFrameScannerFindsSoundFrames(t *testing.T) {
	version := frame{data: []byte{0xD4, 0x02}}
	tests := []struct {
		name  string
		input string
		want  []frame
	}{
		{"GetFirmwareVersion", "0000ff02fed4022a00", []frame{version}},
		{"without preamble", "00ff02fed4022a", []frame{version}},
		{"two", "0000ff02fed4022a000000ff02fed4022a00", []frame{version, version}},
		{"extended", "0000ffffff0002fed4022a00", []frame{version}},
		{"ACK", "0000ff00ff00", []frame{{kind: frameACK}}},
		{"NACK", "0000ffff0000", []frame{{kind: frameNACK}}},
		{"wake-up", "55550000000000000000ff02fed4022a00", []frame{{data: version.data, wakes: true}}},
		{"wake-up is over", "5555000000ff00ff000000ff02fed4022a00", []frame{{kind: frameACK, wakes: true}, version}},
		{"bad LCS, then good", "0000ff02ffd4022a000000ff02fed4022a00", []frame{version}},
		{"start code in a bad header", "0000ff0000ff02fed4022a00", []frame{version}},
		{"bad DCS", "0000ff02fed4022b00", nil},
		{"bad extended LCS", "0000ffffff0002ffd4022a00", nil},
		{"leading FF", "ff02fed4022a00", nil},
		{"FF without its 00", "0011ff02fed4022a00", nil},
		{"longer than any", hex.EncodeToString(encodeFrame(make([]byte, dataMax+1))), nil},
		{"cut off", "0000ff02fed4", nil},
		{"noise", "00112233ff0055aa", nil},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			input, err := hex.DecodeString(tt.input)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, everyFrame(t, input), cmp.AllowUnexported(frame{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEncodeFrameOfEveryLength(t *testing.T) {
	want := "0000ff06fad50332010607e800" // answer to GetFirmwareVersion
	if got := hex.EncodeToString(encodeFrame([]byte{0xD5, 0x03, 0x32, 0x01, 0x06, 0x07})); got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	for n := 1; n <= dataMax; n++ {
		data := bytes.Repeat([]byte{byte(n)}, n)
		encoded := encodeFrame(data)
		if extended := len(encoded) == n+10; extended != (n > 255) {
			t.Errorf("%d bytes: got a frame of %d", n, len(encoded))
		}
		got := everyFrame(t, encoded)
		if len(got) != 1 || !bytes.Equal(got[0].data, data) {
			t.Errorf("%d bytes: got %+v, want %x", n, got, data)
		}
	}
}

// Whatever came before, a sound frame behind enough zeros is found, and no frame is larger than the chip's.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x55, 0x55, 0x00, 0x00, 0x00})
	f.Add([]byte{0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x01, 0x09, 0xF6, 0xD4})
	f.Add([]byte{0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00})
	sound := []byte{0xD4, 0x14, 0x01}
	f.Fuzz(func(t *testing.T, noise []byte) {
		input := append(bytes.Clone(noise), make([]byte, dataMax+8)...)
		all := everyFrame(t, append(input, encodeFrame(sound)...))

		for _, got := range all {
			if len(got.data) > dataMax || got.kind == frameInformation && len(got.data) == 0 {
				t.Errorf("got a frame of %d bytes", len(got.data))
			}
		}

		if len(all) == 0 || !bytes.Equal(all[len(all)-1].data, sound) {
			t.Errorf("noise %x: got %+v, want %x at its end", noise, all, sound)
		}
	})
}
