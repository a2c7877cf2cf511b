// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tagbase/tagbase-edge/scan"
	simantenna "github.com/tagbase/tagbase-edge/sim/antenna"
	simchip "github.com/tagbase/tagbase-edge/sim/chip"
)

// type4Card is a Type 4 tag: an NDEF application, and in it a capability container
// and one NDEF file.
type type4Card struct {
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
	trailer []byte // comes behind the data of every answer, unasked

	inApp    bool
	selected uint16
	longest  int // read that was asked for
}

func newType4Card(message []byte) *type4Card {
	file := binary.BigEndian.AppendUint16(nil, uint16(len(message)))
	return &type4Card{file: append(file, message...), id: ndefFile, mle: 0xFF}
}

func (c *type4Card) Target() simchip.Target {
	return simchip.Target{
		ATQA: [2]byte{0x03, 0x44},
		SAK:  0x20,
		UID:  []byte{4, 9, 8, 7, 6, 5, 4},
		ATS:  []byte{0x75, 0x77, 0x81, 0x02, 0x80},
	}
}

func (c *type4Card) Power(bool) {}

func (c *type4Card) Activate() { c.inApp, c.selected = false, 0 }

func (c *type4Card) capabilities() []byte {
	if c.cc != nil {
		return c.cc
	}
	cc := []byte{0x00, 15, 0x20, byte(c.mle >> 8), byte(c.mle), 0x00, 0xFF, 0x04, 0x06}
	cc = binary.BigEndian.AppendUint16(cc, c.id)
	cc = binary.BigEndian.AppendUint16(cc, uint16(len(c.file)))
	return append(cc, c.access, 0xFF)
}

func (c *type4Card) Transceive(tx []byte) ([]byte, error) {
	data, status := c.answer(tx)
	return binary.BigEndian.AppendUint16(bytes.Clone(data), status), nil
}

func (c *type4Card) answer(tx []byte) (data []byte, status uint16) {
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

func (c *type4Card) read(offset, n int) ([]byte, uint16) {
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

// inContainer moves the card's file to where only a capability container names it, and sets that.
func inContainer(cc []byte) func(*type4Card) {
	return func(c *type4Card) { c.id, c.cc = 0xE105, cc }
}

func TestType4CardsAreReadOrRefused(t *testing.T) {
	const url = "https://a.example/tag_a?e=1"
	small := urlMessage(4, "a.example/tag_a?e=1")
	kib, kibURL := bigMessage(1024)
	tooBig, _ := bigMessage(1025)
	mid, midURL := bigMessage(300)

	tests := []struct {
		name   string
		change func(*type4Card)
		want   string
		reason scan.Reason
	}{
		{"the usual", func(c *type4Card) {}, url, ""},
		{"another file id", func(c *type4Card) { c.id = 0xE105 }, url, ""},
		{"another file id, 0001", func(c *type4Card) { c.id = 0x0001 }, url, ""},
		{"MLe 15", func(c *type4Card) { c.mle = 15 }, url, ""},
		{"MLe 59", func(c *type4Card) { c.mle = 59 }, url, ""},
		{"MLe 59, 300 bytes", func(c *type4Card) { c.file, c.mle = newType4Card(mid).file, 59 }, midURL, ""},
		{"MLe 15, 300 bytes", func(c *type4Card) { c.file, c.mle = newType4Card(mid).file, 15 }, midURL, ""},
		{"no reads beyond the end", func(c *type4Card) { c.strict = true }, url, ""},
		{"the first read is refused once", func(c *type4Card) { c.sw = 0x6982 }, url, ""},
		{"a warning with the first read", func(c *type4Card) { c.sw = 0x6282 }, url, ""},
		{"a byte at a time", func(c *type4Card) { c.chunk = 1 }, url, ""},
		{"the whole of 1 KiB", func(c *type4Card) { c.file = newType4Card(kib).file }, kibURL, ""},
		{"1 KiB in another file", func(c *type4Card) { c.file, c.id = newType4Card(kib).file, 0xE105 }, kibURL, ""},
		{"bytes behind the message", func(c *type4Card) { c.file = append(c.file, make([]byte, 300)...) }, url, ""},

		{"the application is refused", func(c *type4Card) { c.noApp = 0x6A82 }, "", scan.ReasonUnsupported},
		{"the application is blocked", func(c *type4Card) { c.noApp = 0x6283 }, "", scan.ReasonUnsupported},
		{"NLEN 0", func(c *type4Card) { c.file = make([]byte, 256) }, "", scan.ReasonNoNDEF},
		{"NLEN 0 in another file",
			func(c *type4Card) { c.file, c.id = make([]byte, 256), 0xE105 }, "", scan.ReasonNoNDEF},
		{"NLEN above 1 KiB", func(c *type4Card) { c.file = newType4Card(tooBig).file }, "", scan.ReasonUnsupported},
		{"NLEN FFFF", func(c *type4Card) { c.file[0], c.file[1] = 0xFF, 0xFF }, "", scan.ReasonUnsupported},
		{"NLEN beyond the file", func(c *type4Card) { c.file[1]++ }, "", scan.ReasonNoNDEF},
		{"a file of one byte", func(c *type4Card) { c.file = []byte{0} }, "", scan.ReasonNoNDEF},
		{"no free read access", func(c *type4Card) { c.id, c.access = 0xE105, 0x80 }, "", scan.ReasonNoNDEF},
		{"a container that breaks off",
			inContainer([]byte{0, 15, 0x20, 0, 59, 0, 52, 4, 6, 0xE1, 5, 0, 50, 0}), "", scan.ReasonNoNDEF},
		{"a container without the file",
			inContainer([]byte{0, 15, 0x20, 0, 59, 0, 52, 5, 6, 0xE1, 5, 0, 50, 0, 0}), "", scan.ReasonNoNDEF},
		{"a container of too short a TLV",
			inContainer([]byte{0, 15, 0x20, 0, 59, 0, 52, 4, 5, 0xE1, 5, 0, 50, 0, 0}), "", scan.ReasonNoNDEF},
		{"a container of MLe 0",
			inContainer([]byte{0, 15, 0x20, 0, 0, 0, 52, 4, 6, 0xE1, 5, 0, 50, 0, 0}), "", scan.ReasonNoNDEF},
		{"a container that names a file that is not there",
			inContainer([]byte{0, 15, 0x20, 0, 59, 0, 52, 4, 6, 0xE1, 6, 0, 50, 0, 0}), "", scan.ReasonNoNDEF},
		{"no container", inContainer([]byte{}), "", scan.ReasonNoNDEF},
		{"answers without data", func(c *type4Card) { c.empty = true }, "", scan.ReasonUnsupported},
		{"more than was asked for", func(c *type4Card) { c.trailer = make([]byte, 0x80) }, "", scan.ReasonUnsupported},
		{"a text", func(c *type4Card) { c.file = newType4Card(textMessage).file }, "", scan.ReasonNoURL},
		{"a broken message", func(c *type4Card) { c.file = newType4Card(small[:9]).file }, "", scan.ReasonNoNDEF},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newType4Card(small)
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

// apdus writes the commands to a card as words: the application or file that was selected, and read.
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

func TestType4TakesFewCommands(t *testing.T) {
	kib, _ := bigMessage(1024)
	tests := []struct {
		name    string
		change  func(*type4Card)
		longest int
		want    string
	}{
		{"the short way", func(c *type4Card) {}, shortRead, "application E104 read"},
		{"read on without another SELECT",
			func(c *type4Card) { c.file = newType4Card(kib).file },
			0x80, "application E104" + strings.Repeat(" read", 9)},
		{"by the container", func(c *type4Card) { c.id = 0xE105 }, 44, "application E104 E103 read E105 read read"},
		{"by the container, for its MLe",
			func(c *type4Card) { c.mle = 15 }, 0x80, "application E104 read E103 read E104 read read read read"},
	}

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newType4Card(urlMessage(4, "a.example/tag_a?e=1&c=012345678901234"))
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

// From the container on, no read is longer than the card's MLe.
func TestType4ReadsAtMostMLe(t *testing.T) {
	for _, mle := range []int{15, 59, 100, 127} {
		message, url := bigMessage(200)
		c := newType4Card(message)
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

// A readMeter is a tag that notes the longest READ BINARY it was told.
type readMeter struct {
	simchip.Chip
	longest atomic.Int64
}

func (m *readMeter) Transceive(tx []byte) ([]byte, error) {
	if len(tx) == 5 && tx[1] == 0xB0 {
		m.longest.Store(max(m.longest.Load(), int64(tx[4])))
	}
	return m.Chip.Transceive(tx)
}

// No answer is longer than an ACR122 can pass on, and a file that needs several reads costs the chip one count.
func TestType4ReadsAtMost248BytesAtOnce(t *testing.T) {
	onEachDevice(t, func(t *testing.T, field *simantenna.Field, dev Device) {
		// A tag whose file has the size of the last one's, which may be 0: not known.
		read := func(chip simchip.Chip, lastSize int) string {
			t.Helper()
			meter := &readMeter{Chip: chip}
			field.Put(meter)
			d := newDialogue(dev, mustSelect(t, dev), time.Now(), TwoTaps)
			d.fileSize = lastSize
			d.next()
			d.readURL()

			if n := meter.longest.Load(); d.err != nil || n > 248 || n == 0 {
				t.Errorf("%v; the longest read was of %d bytes", d.err, n)
			}
			return d.tap.URL
		}

		for _, id := range []uint16{ndefFile, 0xE105} { // at the fixed place, and by the container
			for _, size := range []int{248, 249, 256, 257, 496, 497, 1024} { // NLEN and message
				message, url := bigMessage(size - 2)
				card := newType4Card(message)
				card.id = id
				if got := read(card, size); got != url {
					t.Errorf("a file of %d bytes: got a URL of %d, want %d", size, len(got), len(url))
				}
			}
		}

		for _, longer := range []int{100, 120, 140} {
			chip := simchip.NewNTAG424(uid424, key1, key2, url424+strings.Repeat("x", longer))
			for n, lastSize := range []int{0, 200, 256} {
				if got := read(chip, lastSize); !slices.Contains(chip.Issued(), got) || chip.Counter() != uint32(n+1) {
					t.Errorf("%d bytes more: %q at count %d, want a URL of the chip at %d", longer, got, chip.Counter(), n+1)
				}
			}
		}
	})
}

func TestStatusWordIsPrintedInHex(t *testing.T) {
	if got, want := StatusWord(0x6A82).Error(), "status word 6A82"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
