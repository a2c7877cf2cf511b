// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync"
)

// Files of the NDEF application (NT4H2421Gx section 8.2.3, NFC Forum T4T section 4).
const (
	fileMaster      = 0x3F00 // the PICC itself
	fileApplication = 0xE110 // the NDEF application, as a file
	fileCC          = 0xE103
	fileNDEF        = 0xE104
	fileProprietary = 0xE105 // not free to read
)

const ndefFileSize = 256

var ndefApplication = []byte{0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01}

// ccFile is the capability container as NXP ships it (NT4H2421Gx section 8.2.3.2): 23 bytes, mapping 2.0,
// MLe 256, MLc 255, NDEF file E104 of 256 bytes, proprietary file E105 of 128 bytes.
var ccFile = []byte{
	0x00, 0x17, 0x20, 0x01, 0x00, 0x00, 0xFF,
	0x04, 0x06, 0xE1, 0x04, 0x01, 0x00, 0x00, 0x00,
	0x05, 0x06, 0xE1, 0x05, 0x00, 0x80, 0x82, 0x83,
}

// target424 is NT4H2421Gx section 8.1: 106 to 848 kbit/s both ways, FSC 128, FWI 7.
func target424(uid []byte) Target {
	return Target{ATQA: [2]byte{0x03, 0x44}, SAK: 0x20, UID: uid, ATS: []byte{0x77, 0x77, 0x71, 0x02, 0x80}}
}

// NTAG424 is an NTAG 424 DNA whose NDEF file holds a URL with a fresh proof at each read, or a plain Type 4 tag.
type NTAG424 struct {
	// CountPerActivation makes a chip that counts once per activation, whatever comes between two reads.
	// To be set before the chip is used.
	CountPerActivation bool
	// RandomID makes a chip that shows a UID of 4 bytes, 08 and three that are new each time it gets power (NT4H2421Gx
	// section 9.1; ISO/IEC 14443-3 section 6.5.4). To be set before the chip is used.
	RandomID bool

	target Target
	url    string
	query  func(counter uint32) string // nil: a plain tag, which neither counts nor knows native commands

	mu      sync.Mutex
	counter uint32
	inApp   bool
	file    uint16
	reading bool   // a read session is open: the next READ BINARY shows the same URL
	shown   string // the URL of the last read session
	version int    // frames of GetVersion already sent
	random  [4]byte
	issued  issuedURLs
}

// NewNTAG424 makes a chip that appends ?e=…&c=… to url, which holds no query of its own.
func NewNTAG424(uid [7]byte, meta, file [16]byte, url string) *NTAG424 {
	return &NTAG424{target: target424(uid[:]), url: url, query: func(counter uint32) string {
		e, c := Proof424(meta, file, uid, counter)
		return "?e=" + e + "&c=" + c
	}}
}

// Target implements Chip.
func (n *NTAG424) Target() Target {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.target
	if n.RandomID {
		t.ATQA, t.UID = [2]byte{0x03, 0x04}, slices.Clone(n.random[:])
	}
	return t
}

// Power implements Chip.
func (n *NTAG424) Power(on bool) {
	n.Activate()
	n.mu.Lock()
	defer n.mu.Unlock()
	rand.Read(n.random[:])
	n.random[0] = 0x08
}

// Activate implements Chip: at the PICC level, no file selected, no read session.
func (n *NTAG424) Activate() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inApp, n.file, n.reading, n.version = false, 0, false, 0
}

// Counter is SDMReadCtr: what the last read showed.
func (n *NTAG424) Counter() uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counter
}

// Issued are the URLs that the chip has given whole, each with every byte of its NDEF message at one and the same count,
// Capture's among them. What was read of another count is no part of any. A plain tag counts nothing and has none.
func (n *NTAG424) Issued() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.issued.urls)
}

// Capture is the URL that some phone reads somewhere else; it costs a count.
func (n *NTAG424) Capture() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reading = false
	url := n.read()
	n.reading = false
	n.issued.give(0, len(ndefFile(url)))
	return url
}

// read opens a read session, or continues it, and gives the URL of its count (NT4H2421Gx section 9.3.1). The
// encrypted part has random padding, so the URL of a session is made once.
func (n *NTAG424) read() string {
	if n.query == nil {
		return n.url
	}
	if !n.reading {
		n.counter++
		n.shown = n.url + n.query(n.counter)
		n.reading = true
		n.issued.begin(n.shown)
	}
	return n.shown
}

// Transceive implements Chip: one command APDU, one response APDU (NT4H2421Gx section 10).
func (n *NTAG424) Transceive(tx []byte) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	isRead := len(tx) > 1 && tx[0] == 0x00 && tx[1] == 0xB0
	if !isRead && !n.CountPerActivation {
		n.reading = false
	}
	if len(tx) < 4 {
		return sw(0x6700), nil
	}
	if tx[0] == 0x90 && n.query != nil {
		return n.native(tx), nil
	}
	n.version = 0
	switch {
	case tx[0] != 0x00:
		return sw(0x6E00), nil
	case tx[1] == 0xA4:
		return sw(n.selectFile(tx)), nil
	case isRead:
		return n.readBinary(tx), nil
	}
	return sw(0x6D00), nil
}

// selectFile is ISOSelectFile (section 10.9.1): 00 A4 P1 P2 Lc DATA [Le].
func (n *NTAG424) selectFile(tx []byte) uint16 {
	p1, p2 := tx[2], tx[3]
	if p2 != 0x00 && p2 != 0x0C {
		return 0x6A86
	}
	var data []byte
	if len(tx) > 4 {
		lc := int(tx[4])
		if len(tx) != 5+lc && len(tx) != 6+lc {
			return 0x6700
		}
		data = tx[5 : 5+lc]
	}
	switch p1 {
	case 0x04: // by DF name
		if !bytes.Equal(data, ndefApplication) {
			return 0x6A82
		}
		n.inApp, n.file = true, 0
		return 0x9000
	case 0x00, 0x02: // by file identifier
		if len(data) != 2 {
			return 0x6700
		}
		return n.selectID(binary.BigEndian.Uint16(data))
	}
	return 0x6A86
}

func (n *NTAG424) selectID(id uint16) uint16 {
	switch id {
	case fileMaster, fileApplication:
		n.inApp, n.file = id == fileApplication, 0
		return 0x9000
	case fileCC, fileNDEF, fileProprietary:
		if n.inApp {
			n.file = id
			return 0x9000
		}
	}
	return 0x6A82
}

// readBinary is ISOReadBinary (section 10.9.2): 00 B0 P1 P2 Le. Le 00 is 256, and no more is given than the file has.
// Bit 8 of P1 names the file by its short identifier, 03, 04 or 05, which are the last digits of the long one.
func (n *NTAG424) readBinary(tx []byte) []byte {
	if len(tx) != 5 {
		return sw(0x6700)
	}
	offset := int(binary.BigEndian.Uint16(tx[2:4]))
	if tx[2]&0x80 != 0 {
		if status := n.selectID(0xE100 | uint16(tx[2]&0x1F)); status != 0x9000 || n.file == 0 {
			return sw(0x6A82)
		}
		offset = int(tx[3])
	}
	size := map[uint16]int{fileCC: len(ccFile), fileNDEF: ndefFileSize}[n.file]
	switch {
	case n.file == 0:
		return sw(0x6985) // no file selected
	case n.file == fileProprietary:
		return sw(0x6982) // needs authentication
	case offset >= size:
		return sw(0x6B00)
	}
	content := ccFile
	if n.file == fileNDEF {
		content = ndefFile(n.read())
	}
	le := int(tx[4])
	if le == 0 {
		le = 256
	}
	part := content[offset:min(offset+le, size)]
	if n.file == fileNDEF {
		n.issued.give(offset-2, offset-2+len(part)) // the message stands behind NLEN
	}
	return append(slices.Clone(part), 0x90, 0x00)
}

// ndefFile is NLEN and the message, padded to the size of the file (NFC Forum T4T section 4.3).
func ndefFile(url string) []byte {
	message := URIMessage(url)
	content := make([]byte, ndefFileSize)
	binary.BigEndian.PutUint16(content, uint16(len(message)))
	copy(content[2:], message)
	return content
}

// native answers the wrapped native commands: GetVersion (section 10.5.2), in three frames.
func (n *NTAG424) native(tx []byte) []byte {
	if len(tx) != 5 {
		n.version = 0
		return sw(0x917E) // length error
	}
	switch {
	case tx[1] == 0x60:
		n.version = 1
		return append([]byte{0x04, 0x04, 0x02, 0x30, 0x00, 0x11, 0x05}, 0x91, 0xAF)
	case tx[1] == 0xAF && n.version == 1:
		n.version = 2
		return append([]byte{0x04, 0x04, 0x02, 0x01, 0x02, 0x11, 0x05}, 0x91, 0xAF)
	case tx[1] == 0xAF && n.version == 2:
		n.version = 0
		batch := []byte{0xCF, 0x39, 0xD4, 0x49, 0x80, 0x34, 0x20} // batch, key, week 34 of 2020
		uid := n.target.UID
		if n.RandomID {
			uid = make([]byte, len(uid)) // only after authentication
		}
		return append(slices.Concat(uid, batch), 0x91, 0x00)
	}
	n.version = 0
	return sw(0x911C) // illegal command
}

func sw(status uint16) []byte { return binary.BigEndian.AppendUint16(nil, status) }
