// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/tagbase/tagbase-edge/scan"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// card is a Type 4 tag: an NDEF application, and in it a capability container
// and one NDEF file.
type card struct {
	file    []byte // NLEN and message, as far as the file goes
	id      uint16 // of the file
	mle     int    // longer reads are answered 6700
	strict  bool   // so are reads beyond the file's end
	access  byte   // to read, in the capability container
	cc      []byte // nil: as of the above
	noApp   uint16 // answer to SELECT of the application, if not 9000
	sw      uint16 // answer to the first READ BINARY of the NDEF file, if not 9000
	empty   bool   // answers that READ BINARY 9000 and nothing else
	chunk   int    // bytes given at most in one answer, whatever is asked for; 0 is no limit
	trailer []byte // behind each answer's data, which none asked for

	inApp    bool
	selected uint16
	longest  int // read that was asked for
}

func newCard(message []byte) *card {
	file := binary.BigEndian.AppendUint16(nil, uint16(len(message)))
	return &card{file: append(file, message...), id: ndefFile, mle: 0xFF}
}

func (c *card) Target() simchip.Target {
	return simchip.Target{ATQA: [2]byte{0x03, 0x44}, SAK: 0x20, UID: []byte{4, 9, 8, 7, 6, 5, 4}, ATS: []byte{0x75, 0x77, 0x81, 0x02, 0x80}}
}

func (c *card) Power(bool) {}

func (c *card) Activate() { c.inApp, c.selected = false, 0 }

func (c *card) capabilities() []byte {
	if c.cc != nil {
		return c.cc
	}
	cc := []byte{0x00, 15, 0x20, byte(c.mle >> 8), byte(c.mle), 0x00, 0xFF, 0x04, 0x06}
	cc = binary.BigEndian.AppendUint16(cc, c.id)
	cc = binary.BigEndian.AppendUint16(cc, uint16(len(c.file)))
	return append(cc, c.access, 0xFF)
}

func (c *card) Transceive(tx []byte) ([]byte, error) {
	data, status := c.answer(tx)
	return binary.BigEndian.AppendUint16(bytes.Clone(data), status), nil
}

func (c *card) answer(tx []byte) (data []byte, status uint16) {
	switch {
	case bytes.Equal(tx, selectApplication):
		if c.noApp != 0 {
			return nil, c.noApp
		}
		c.inApp, c.selected = true, 0
		return nil, 0x9000
	case len(tx) == 7 && bytes.HasPrefix(tx, []byte{0x00, 0xA4, 0x00, 0x0C, 0x02}):
		id := binary.BigEndian.Uint16(tx[5:])
		if !c.inApp || id != c.id && id != ccFile {
			return nil, 0x6A82
		}
		c.selected = id
		return nil, 0x9000
	case len(tx) == 5 && tx[0] == 0x00 && tx[1] == 0xB0:
		return c.read(int(binary.BigEndian.Uint16(tx[2:])), int(tx[4]))
	}
	return nil, 0x6D00
}

func (c *card) read(offset, n int) ([]byte, uint16) {
	content := map[uint16][]byte{ccFile: c.capabilities(), c.id: c.file}[c.selected]
	c.longest = max(c.longest, n)
	switch {
	case content == nil:
		return nil, 0x6985
	case n > c.mle || c.strict && offset+n > len(content):
		return nil, 0x6700
	case offset >= len(content):
		return nil, 0x6B00
	}
	if c.selected == c.id {
		if c.sw != 0 {
			status := c.sw
			c.sw = 0
			return nil, status
		}
		if c.empty {
			return nil, 0x9000
		}
	}
	if c.chunk > 0 {
		n = min(n, c.chunk)
	}
	return slices.Concat(content[offset:min(offset+n, len(content))], c.trailer), 0x9000
}

// bigMessage is a URL in an NDEF message of so many bytes.
func bigMessage(n int) (message []byte, url string) {
	rest := strings.Repeat("a", n-8)
	message = append([]byte{0xC1, 1, 0, 0, byte((n - 7) >> 8), byte(n - 7), 'U', 4}, rest...)
	return message, "https://" + rest
}

func TestType4(t *testing.T) {
	const url = "https://a.example/tag_a?e=1"
	small := urlMessage(4, "a.example/tag_a?e=1")
	kib, kibURL := bigMessage(1024)
	tooBig, _ := bigMessage(1025)
	mid, midURL := bigMessage(300)
	tests := []struct {
		name   string
		change func(*card)
		want   string
		reason scan.Reason
	}{
		{"the usual", func(c *card) {}, url, ""},
		{"another file id", func(c *card) { c.id = 0xE105 }, url, ""},
		{"another file id, 0001", func(c *card) { c.id = 0x0001 }, url, ""},
		{"MLe 15", func(c *card) { c.mle = 15 }, url, ""},
		{"MLe 59", func(c *card) { c.mle = 59 }, url, ""},
		{"MLe 59, 300 bytes", func(c *card) { c.file, c.mle = newCard(mid).file, 59 }, midURL, ""},
		{"MLe 15, 300 bytes", func(c *card) { c.file, c.mle = newCard(mid).file, 15 }, midURL, ""},
		{"no reads beyond the end", func(c *card) { c.strict = true }, url, ""},
		{"the first read is refused once", func(c *card) { c.sw = 0x6982 }, url, ""},
		{"a warning with the first read", func(c *card) { c.sw = 0x6282 }, url, ""},
		{"a byte at a time", func(c *card) { c.chunk = 1 }, url, ""},
		{"the whole of 1 KiB", func(c *card) { c.file = newCard(kib).file }, kibURL, ""},
		{"1 KiB in another file", func(c *card) { c.file, c.id = newCard(kib).file, 0xE105 }, kibURL, ""},
		{"bytes behind the message", func(c *card) { c.file = append(c.file, make([]byte, 300)...) }, url, ""},

		{"the application is refused", func(c *card) { c.noApp = 0x6A82 }, "", scan.ReasonUnsupported},
		{"the application is blocked", func(c *card) { c.noApp = 0x6283 }, "", scan.ReasonUnsupported},
		{"NLEN 0", func(c *card) { c.file = make([]byte, 256) }, "", scan.ReasonNoNDEF},
		{"NLEN 0 in another file", func(c *card) { c.file, c.id = make([]byte, 256), 0xE105 }, "", scan.ReasonNoNDEF},
		{"NLEN above 1 KiB", func(c *card) { c.file = newCard(tooBig).file }, "", scan.ReasonUnsupported},
		{"NLEN FFFF", func(c *card) { c.file[0], c.file[1] = 0xFF, 0xFF }, "", scan.ReasonUnsupported},
		{"NLEN beyond the file", func(c *card) { c.file[1]++ }, "", scan.ReasonNoNDEF},
		{"a file of one byte", func(c *card) { c.file = []byte{0} }, "", scan.ReasonNoNDEF},
		{"no free read access", func(c *card) { c.id, c.access = 0xE105, 0x80 }, "", scan.ReasonNoNDEF},
		{"a container that breaks off", func(c *card) { c.id, c.cc = 0xE105, []byte{0, 15, 0x20, 0, 59, 0, 52, 4, 6, 0xE1, 5, 0, 50, 0} }, "", scan.ReasonNoNDEF},
		{"a container without the file", func(c *card) { c.id, c.cc = 0xE105, []byte{0, 15, 0x20, 0, 59, 0, 52, 5, 6, 0xE1, 5, 0, 50, 0, 0} }, "", scan.ReasonNoNDEF},
		{"a container of too short a TLV", func(c *card) { c.id, c.cc = 0xE105, []byte{0, 15, 0x20, 0, 59, 0, 52, 4, 5, 0xE1, 5, 0, 50, 0, 0} }, "", scan.ReasonNoNDEF},
		{"a container of MLe 0", func(c *card) { c.id, c.cc = 0xE105, []byte{0, 15, 0x20, 0, 0, 0, 52, 4, 6, 0xE1, 5, 0, 50, 0, 0} }, "", scan.ReasonNoNDEF},
		{"a container that names a file that is not there", func(c *card) { c.id, c.cc = 0xE105, []byte{0, 15, 0x20, 0, 59, 0, 52, 4, 6, 0xE1, 6, 0, 50, 0, 0} }, "", scan.ReasonNoNDEF},
		{"no container", func(c *card) { c.id, c.cc = 0xE105, []byte{} }, "", scan.ReasonNoNDEF},
		{"answers without data", func(c *card) { c.empty = true }, "", scan.ReasonUnsupported},
		{"more than was asked for", func(c *card) { c.trailer = make([]byte, 0x80) }, "", scan.ReasonUnsupported},
		{"a text", func(c *card) { c.file = newCard(textMessage).file }, "", scan.ReasonNoURL},
		{"a broken message", func(c *card) { c.file = newCard(small[:9]).file }, "", scan.ReasonNoNDEF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCard(small)
			tt.change(c)
			got, err := newAntenna(c).tap()
			if err != nil || got.URL != tt.want || got.Reason != tt.reason {
				t.Errorf("got %q, %q, %v; want %q, %q", got.URL, got.Reason, err, tt.want, tt.reason)
			}
			if got.Chip != ChipType4 {
				t.Errorf("chip %q, want %q", got.Chip, ChipType4)
			}
		})
	}
}

// apdus names what a card was told.
func apdus(sent [][]byte) string {
	names := map[string]string{
		string(selectApplication):      "application",
		"\x00\xA4\x00\x0C\x02\xE1\x03": "E103",
		"\x00\xA4\x00\x0C\x02\xE1\x04": "E104",
		"\x00\xA4\x00\x0C\x02\xE1\x05": "E105",
	}
	var words []string
	for _, tx := range sent {
		name, ok := names[string(tx)]
		if !ok {
			name = "read"
		}
		words = append(words, name)
	}
	return strings.Join(words, " ")
}

func TestType4Commands(t *testing.T) {
	kib, _ := bigMessage(1024)
	tests := []struct {
		name    string
		change  func(*card)
		longest int
		want    string
	}{
		{"the short way", func(c *card) {}, shortRead, "application E104 read"},
		{"read on without another SELECT", func(c *card) { c.file = newCard(kib).file }, 0x80, "application E104" + strings.Repeat(" read", 9)},
		{"by the container", func(c *card) { c.id = 0xE105 }, 44, "application E104 E103 read E105 read read"},
		{"by the container, for its MLe", func(c *card) { c.mle = 15 }, 0x80, "application E104 read E103 read E104 read read read read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCard(urlMessage(4, "a.example/tag_a?e=1&c=012345678901234"))
			tt.change(c)
			a := newAntenna(c)
			if tap, err := a.tap(); err != nil || tap.Reason != "" {
				t.Errorf("%q, %v", tap.Reason, err)
			}
			if got := apdus(a.sent); got != tt.want {
				t.Errorf("the card was told %s, want %s", got, tt.want)
			}
			if c.longest > tt.longest {
				t.Errorf("a read of %d bytes, want at most %d", c.longest, tt.longest)
			}
		})
	}
}

// Of the container on, no read is longer than the card says it can.
func TestReadsOfAtMostMLe(t *testing.T) {
	for _, mle := range []int{15, 59, 100, 127} {
		message, url := bigMessage(200)
		c := newCard(message)
		c.mle = mle
		a := newAntenna(c)
		if tap, err := a.tap(); tap.URL != url {
			t.Errorf("MLe %d: got %q, %q, %v", mle, tap.URL, tap.Reason, err)
		}
		for _, tx := range a.sent[3:] {
			if tx[1] == 0xB0 && int(tx[4]) > mle {
				t.Errorf("MLe %d: a read of %d bytes", mle, tx[4])
			}
		}
	}
}

func TestStatusWord(t *testing.T) {
	if got, want := StatusWord(0x6A82).Error(), "status word 6A82"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
