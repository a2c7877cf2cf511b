// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"fmt"
	"slices"
	"sync"
)

const (
	pageSize     = 4
	messageStart = 4*pageSize + 7 // behind the lock control TLV and the head of the message's own
)

// type2 tells the members of the NTAG family apart.
type type2 struct {
	version [8]byte // answer to GET_VERSION
	pages   int
	size    byte // of the user memory from page 4, in units of 8 bytes: byte 2 of the CC
}

var (
	ntag223 = type2{[8]byte{0x00, 0x04, 0x04, 0x02, 0x04, 0x00, 0x0F, 0x03}, 0x3C, 0x12}
	ntag213 = type2{[8]byte{0x00, 0x04, 0x04, 0x02, 0x01, 0x00, 0x0F, 0x03}, 0x2D, 0x12}
	ntag216 = type2{[8]byte{0x00, 0x04, 0x04, 0x02, 0x01, 0x00, 0x13, 0x03}, 0xE7, 0x6D}
)

// NTAG22x is an NTAG 223 DNA whose memory mirrors a fresh proof, or an NTAG 21x with a fixed URL.
type NTAG22x struct {
	kind   type2
	target Target
	url    string
	mirror func(counter uint32) string // nil: no mirror, and no counter

	mu      sync.Mutex
	counter uint32
	counted bool // since the last power-up
	issued  issuedURLs
}

// NewNTAG223 makes an NTAG 223 DNA that appends ?m=… to url, which holds no query of its own.
func NewNTAG223(uid [7]byte, key [16]byte, url string) *NTAG22x {
	return newType2(ntag223, target2(uid[:]), url, func(counter uint32) string {
		return "?m=" + Proof22x(key, uid, counter)
	})
}

// NewNTAG213 makes a plain NTAG 213 with one URL; with none its NDEF TLV is empty, as shipped.
func NewNTAG213(uid [7]byte, url string) *NTAG22x {
	return newType2(ntag213, target2(uid[:]), url, nil)
}

func target2(uid []byte) Target {
	return Target{ATQA: [2]byte{0x00, 0x44}, SAK: 0x00, UID: uid}
}

// newType2 panics when the URL does not fit the user memory; URLs are constants of a bench.
func newType2(kind type2, target Target, url string, mirror func(uint32) string) *NTAG22x {
	n := &NTAG22x{kind: kind, target: target, url: url, mirror: mirror}
	if need, room := len(n.tlv(n.shows(0))), 8*int(kind.size); need > room {
		panic(fmt.Sprintf("chip: URL needs %d bytes of a tag with %d", need, room))
	}
	return n
}

// Target implements Chip.
func (n *NTAG22x) Target() Target { return n.target }

// Power implements Chip.
func (n *NTAG22x) Power(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counted = false
}

// Activate implements Chip. A selection without loss of power is none to the counter.
func (n *NTAG22x) Activate() {}

// Counter is what the last read showed.
func (n *NTAG22x) Counter() uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counter
}

// Issued are the URLs that the chip has given whole, see NTAG424.Issued.
func (n *NTAG22x) Issued() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.issued.urls)
}

// Capture is the URL that some phone reads somewhere else; it costs a count.
func (n *NTAG22x) Capture() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counted = false
	n.count()
	n.counted = false
	n.issued.give(0, n.kind.pages*pageSize)
	return n.shows(n.counter)
}

// count is the rule of the NFC counter: it rises at the first READ or FAST_READ after the field powered the chip
// (NTAG 213/215/216 datasheet section 8.7; NTAG 223 DNA by analogy).
func (n *NTAG22x) count() {
	if n.mirror != nil && !n.counted {
		n.counter++
		n.counted = true
		n.issued.begin(n.shows(n.counter))
	}
}

func (n *NTAG22x) shows(counter uint32) string {
	if n.mirror == nil {
		return n.url
	}
	return n.url + n.mirror(counter)
}

// Transceive implements Chip (NTAG 213/215/216 datasheet section 10). The chips are locked: nothing writes.
func (n *NTAG22x) Transceive(tx []byte) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case len(tx) == 2 && tx[0] == 0x30 && int(tx[1]) < n.kind.pages: // READ
		return n.read(int(tx[1]), 4), nil
	case len(tx) == 3 && tx[0] == 0x3A && tx[1] <= tx[2] && int(tx[2]) < n.kind.pages: // FAST_READ
		return n.read(int(tx[1]), int(tx[2]-tx[1])+1), nil
	case len(tx) == 1 && tx[0] == 0x60: // GET_VERSION
		return slices.Clone(n.kind.version[:]), nil
	}
	return nil, ErrNAK
}

// read gives count pages from start, beginning again at page 0 behind the last one.
func (n *NTAG22x) read(start, count int) []byte {
	n.count()
	memory := n.memory()
	memory = append(memory, memory[:3*pageSize]...) // a READ of the last page rolls over three
	n.issued.give(start*pageSize-messageStart, (start+count)*pageSize-messageStart)
	return memory[start*pageSize : (start+count)*pageSize]
}

// memory is the chip's pages as a reader sees them (NTAG 213/215/216 datasheet section 8.5). Pages behind the user
// memory (locks, configuration, keys) read as zero.
func (n *NTAG22x) memory() []byte {
	uid := n.target.UID
	bcc0 := 0x88 ^ uid[0] ^ uid[1] ^ uid[2]
	bcc1 := uid[3] ^ uid[4] ^ uid[5] ^ uid[6]
	memory := slices.Concat(
		[]byte{uid[0], uid[1], uid[2], bcc0},
		uid[3:7],
		[]byte{bcc1, 0x48, 0x00, 0x00},
		[]byte{0xE1, 0x10, n.kind.size, 0x00},
		n.tlv(n.shows(n.counter)),
	)
	return append(memory, make([]byte, n.kind.pages*pageSize-len(memory))...)
}

// tlv is the user memory: lock control TLV, NDEF message TLV, terminator (NFC Forum T2T section 4).
func (n *NTAG22x) tlv(url string) []byte {
	var message []byte
	if url != "" {
		message = URIMessage(url)
	}
	tlv := []byte{0x01, 0x03, 0xA0, 0x0C, 0x34, 0x03, byte(len(message))} // at most FE, see URIMessage
	return append(append(tlv, message...), 0xFE)
}
