// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"fmt"
	"slices"
	"sync"
)

const (
	pageSize = 4 // bytes

	// messageStart is where the NDEF message begins, in bytes from page 0: user memory begins at page 4, with the lock
	// control TLV (5 bytes) and the type and length of the message's own TLV (2 bytes).
	messageStart = 4*pageSize + 7
)

// Commands of a Type 2 chip (NTAG 213/215/216 datasheet section 10).
const (
	cmdGetVersion = 0x60
	cmdRead       = 0x30
	cmdFastRead   = 0x3A
	cmdWrite      = 0xA2
)

// type2 is a member of the NTAG family.
type type2 struct {
	version [8]byte // answer to GET_VERSION
	pages   int
	size    byte // of the user memory, which begins at page 4, in units of 8 bytes: byte 2 of the CC
	lock    byte // address of the dynamic lock bytes, behind the user memory: byte 2 of the lock control TLV
}

// A 224 has 16 pages more than a 223, all of them user memory: proxmark3 finds its configuration at page 39h, and that
// of a 223 at page 29h. Byte 3 of the version is 08 for a StatusDetect chip and 02 for the others.
var (
	ntag223             = type2{[8]byte{0x00, 0x04, 0x04, 0x02, 0x04, 0x00, 0x0F, 0x03}, 0x3C, 0x12, 0xA0}
	ntag223StatusDetect = type2{[8]byte{0x00, 0x04, 0x04, 0x08, 0x04, 0x00, 0x0F, 0x03}, 0x3C, 0x12, 0xA0}
	ntag224             = type2{[8]byte{0x00, 0x04, 0x04, 0x02, 0x05, 0x00, 0x10, 0x03}, 0x4C, 0x1A, 0xE0}
	ntag224StatusDetect = type2{[8]byte{0x00, 0x04, 0x04, 0x08, 0x05, 0x00, 0x10, 0x03}, 0x4C, 0x1A, 0xE0}

	ntag213 = type2{[8]byte{0x00, 0x04, 0x04, 0x02, 0x01, 0x00, 0x0F, 0x03}, 0x2D, 0x12, 0xA0}
	ntag216 = type2{[8]byte{0x00, 0x04, 0x04, 0x02, 0x01, 0x00, 0x13, 0x03}, 0xE7, 0x6D, 0xA0}
)

// NTAG22x is an NTAG 223 or 224 DNA whose memory mirrors a fresh proof, or an NTAG 21x with a fixed URL.
type NTAG22x struct {
	kind   type2
	target Target
	url    string
	mirror func(counter uint32) string // nil for a chip without mirror and counter

	mu      sync.Mutex // guards what follows
	counter uint32
	counted bool // since the last power-up
	issued  issuedURLs
}

// NewNTAG223 makes an NTAG 223 DNA that appends ?m=… to url, which must have no query of its own.
func NewNTAG223(uid [7]byte, key [16]byte, url string) *NTAG22x {
	return newDNA(ntag223, uid, key, url)
}

// NewNTAG224 makes an NTAG 224 DNA, which has 208 bytes of user memory and not 144.
func NewNTAG224(uid [7]byte, key [16]byte, url string) *NTAG22x {
	return newDNA(ntag224, uid, key, url)
}

// NewNTAG223StatusDetect makes an NTAG 223 DNA that also mirrors the status of the wire loop that it guards.
func NewNTAG223StatusDetect(uid [7]byte, key [16]byte, url string, status LoopStatus) *NTAG22x {
	return newStatusDetect(ntag223StatusDetect, uid, key, url, status)
}

// NewNTAG224StatusDetect makes an NTAG 224 DNA that also mirrors the status of the wire loop that it guards.
func NewNTAG224StatusDetect(uid [7]byte, key [16]byte, url string, status LoopStatus) *NTAG22x {
	return newStatusDetect(ntag224StatusDetect, uid, key, url, status)
}

func newDNA(kind type2, uid [7]byte, key [16]byte, url string) *NTAG22x {
	return newType2(kind, target2(uid[:]), url, func(counter uint32) string {
		return "?m=" + Proof22x(key, uid, counter)
	})
}

func newStatusDetect(kind type2, uid [7]byte, key [16]byte, url string, status LoopStatus) *NTAG22x {
	return newType2(kind, target2(uid[:]), url, func(counter uint32) string {
		return "?m=" + ProofStatusDetect(key, uid, counter, status)
	})
}

// NewNTAG213 makes a plain NTAG 213 that holds one URL. Without a URL its NDEF TLV is empty, as the factory ships it.
func NewNTAG213(uid [7]byte, url string) *NTAG22x {
	return newType2(ntag213, target2(uid[:]), url, nil)
}

func target2(uid []byte) Target {
	return Target{ATQA: [2]byte{0x00, 0x44}, SAK: 0x00, UID: uid}
}

// newType2 panics if the URL does not fit the user memory; URLs are constants of the bench.
func newType2(kind type2, target Target, url string, mirror func(uint32) string) *NTAG22x {
	n := &NTAG22x{kind: kind, target: target, url: url, mirror: mirror}
	if need, room := len(n.tlv(n.urlAt(0))), 8*int(kind.size); need > room {
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

// Activate implements Chip. It does nothing: the counter rises once per power-up, not once per selection.
func (n *NTAG22x) Activate() {}

// Counter returns the count that the last read showed.
func (n *NTAG22x) Counter() uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counter
}

// Issued returns the URLs that the chip has given out completely, see NTAG424.Issued.
func (n *NTAG22x) Issued() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.issued.urls)
}

// Capture returns the URL that a phone reads somewhere else. It costs one count.
func (n *NTAG22x) Capture() string {
	n.mu.Lock()
	defer n.mu.Unlock()

	// The phone's field powers the chip again; so does the field of whoever reads it next.
	n.counted = false
	n.count()
	n.counted = false

	n.issued.give(0, n.kind.pages*pageSize)
	return n.urlAt(n.counter)
}

// count lets the NFC counter rise, which it does at the first READ or FAST_READ after the field powered the chip
// (NTAG 213/215/216 datasheet section 8.7; for the NTAG 22x DNA by analogy, since nothing public says when it counts).
func (n *NTAG22x) count() {
	if n.mirror != nil && !n.counted {
		n.counter++
		n.counted = true
		n.issued.begin(n.urlAt(n.counter))
	}
}

// urlAt returns the URL that the memory shows at a count.
func (n *NTAG22x) urlAt(counter uint32) string {
	if n.mirror == nil {
		return n.url
	}
	return n.url + n.mirror(counter)
}

// Transceive implements Chip (NTAG 213/215/216 datasheet section 10). The chips are locked: no command writes. A chip
// refuses arguments, and ignores a command that it does not know (recordings version-two-bytes and
// deselect-relist-by-uid).
func (n *NTAG22x) Transceive(tx []byte) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()

	switch {
	case len(tx) == 2 && tx[0] == cmdRead && int(tx[1]) < n.kind.pages:
		return n.read(int(tx[1]), 4), nil
	case len(tx) == 3 && tx[0] == cmdFastRead && tx[1] <= tx[2] && int(tx[2]) < n.kind.pages:
		return n.read(int(tx[1]), int(tx[2]-tx[1])+1), nil
	case len(tx) == 1 && tx[0] == cmdGetVersion:
		return slices.Clone(n.kind.version[:]), nil
	case len(tx) == 0, tx[0] == cmdRead, tx[0] == cmdFastRead, tx[0] == cmdWrite:
		return nil, ErrNAK
	}
	return nil, ErrMute
}

// read returns count pages from start on. Behind the last page it goes on at page 0.
func (n *NTAG22x) read(start, count int) []byte {
	n.count()

	// A READ gives four pages, so one of the last page wraps round by three.
	memory := n.memory()
	memory = append(memory, memory[:3*pageSize]...)

	n.issued.give(start*pageSize-messageStart, (start+count)*pageSize-messageStart)
	return memory[start*pageSize : (start+count)*pageSize]
}

// memory returns the chip's pages as a reader sees them (NTAG 213/215/216 datasheet section 8.5). Pages behind the user
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
		n.tlv(n.urlAt(n.counter)),
	)
	return append(memory, make([]byte, n.kind.pages*pageSize-len(memory))...)
}

// tlv returns the user memory: lock control TLV, NDEF message TLV, terminator (NFC Forum T2T section 4).
func (n *NTAG22x) tlv(url string) []byte {
	var message []byte
	if url != "" {
		message = URIMessage(url)
	}

	tlv := []byte{0x01, 0x03, n.kind.lock, 0x0C, 0x34, 0x03, byte(len(message))} // at most FE, see uriMax
	return append(append(tlv, message...), 0xFE)
}
