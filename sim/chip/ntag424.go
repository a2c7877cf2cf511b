// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"crypto/rand"
	"slices"
	"sync"
)

// NTAG424 is an NTAG 424 DNA whose NDEF file holds a URL with a fresh proof at each read, or a plain Type 4 tag.
//
// A read session begins at the first READ BINARY of the NDEF file, which lets the counter rise, and ends at any other
// command. Within it every READ BINARY shows the same URL (NT4H2421Gx section 9.3.1).
type NTAG424 struct {
	// CountPerActivation makes a chip that counts once per activation, whatever comes between two reads.
	// Set it before the chip is used.
	CountPerActivation bool
	// RandomID makes a chip that shows a UID of 4 bytes, 08 and three that are new each time it gets power (NT4H2421Gx
	// section 9.1; ISO/IEC 14443-3 section 6.5.4). Set it before the chip is used.
	RandomID bool

	target Target
	url    string
	query  func(counter uint32) string // nil for a plain tag, which neither counts nor knows native commands

	mu      sync.Mutex // guards what follows
	counter uint32
	inApp   bool   // the NDEF application is selected
	file    uint16 // the file that is selected; 0 if none is
	reading bool   // a read session is open
	shown   string // the URL of the last read session
	version int    // how many frames of GetVersion have been sent
	random  [4]byte
	issued  issuedURLs
}

// target424 is what an NTAG 424 DNA shows (NT4H2421Gx section 8.1): 106 to 848 kbit/s both ways, FSC 128, FWI 7.
func target424(uid []byte) Target {
	return Target{ATQA: [2]byte{0x03, 0x44}, SAK: 0x20, UID: uid, ATS: []byte{0x77, 0x77, 0x71, 0x02, 0x80}}
}

// NewNTAG424 makes a chip that appends ?e=…&c=… to url, which must have no query of its own.
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

// Activate implements Chip. After it the PICC itself is selected, no file is, and no read session is open.
func (n *NTAG424) Activate() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.inApp, n.file, n.reading, n.version = false, 0, false, 0
}

// Counter returns SDMReadCtr, the count that the last read showed.
func (n *NTAG424) Counter() uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counter
}

// Issued returns the URLs that the chip has given out completely, each with every byte of its NDEF message at one and
// the same count; Capture's are among them. Bytes that were read at another count do not complete a URL. A plain tag
// has no count, and so returns nothing.
func (n *NTAG424) Issued() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.issued.urls)
}

// Capture returns the URL that a phone reads somewhere else. It costs one count.
func (n *NTAG424) Capture() string {
	n.mu.Lock()
	defer n.mu.Unlock()

	// The phone's read is a session of its own, before and after those of the reader here.
	n.reading = false
	url := n.read()
	n.reading = false

	n.issued.give(0, len(ndefFile(url)))
	return url
}

// read opens a read session, or continues it, and returns the session's URL. It makes that URL once: its encrypted part
// has random padding, which would otherwise change between two pieces of one read.
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
