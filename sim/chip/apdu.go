// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Instructions of ISO/IEC 7816-4, under class 00.
const (
	insSelect     = 0xA4
	insReadBinary = 0xB0
)

// Native commands of NXP's chips, wrapped in APDUs of class 90 (NT4H2421Gx section 10.5.2).
const (
	classNative     = 0x90
	nativeVersion   = 0x60
	nativeMoreFrame = 0xAF
)

// Status words of ISO/IEC 7816-4 section 5.6, and two of NXP's native commands.
const (
	swOK                = 0x9000
	swWrongLength       = 0x6700
	swNotAuthenticated  = 0x6982
	swNoFileSelected    = 0x6985
	swNotFound          = 0x6A82
	swWrongParameters   = 0x6A86
	swBehindEnd         = 0x6B00
	swNoSuchInstruction = 0x6D00
	swNoSuchClass       = 0x6E00
	swNativeIllegal     = 0x911C
	swNativeLength      = 0x917E
)

// Files of an NTAG 424 DNA (NT4H2421Gx section 8.2.3, NFC Forum T4T section 4).
const (
	fileMaster      = 0x3F00 // the PICC itself
	fileApplication = 0xE110 // the NDEF application, as a file
	fileCC          = 0xE103
	fileNDEF        = 0xE104
	fileProprietary = 0xE105 // readable only after authentication
)

// ndefFileSize is the size of the NDEF file in bytes (NT4H2421Gx section 8.2.3.2).
const ndefFileSize = 256

var ndefApplication = []byte{0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01}

// ccFile is the capability container as NXP ships it (NT4H2421Gx section 8.2.3.2): 23 bytes, mapping 2.0,
// MLe 256, MLc 255, NDEF file E104 of 256 bytes, proprietary file E105 of 128 bytes. The file has 32 bytes (recording
// ntag424-files).
var ccFile = []byte{
	0x00, 0x17, 0x20, 0x01, 0x00, 0x00, 0xFF,
	0x04, 0x06, 0xE1, 0x04, 0x01, 0x00, 0x00, 0x00,
	0x05, 0x06, 0xE1, 0x05, 0x00, 0x80, 0x82, 0x83,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
}

// Transceive implements Chip: one command APDU, one response APDU (NT4H2421Gx section 10).
func (n *NTAG424) Transceive(tx []byte) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()

	// Any command but READ BINARY ends the read session, whether the chip carries it out or not.
	isRead := len(tx) > 1 && tx[0] == 0x00 && tx[1] == insReadBinary
	if !isRead && !n.CountPerActivation {
		n.reading = false
	}

	if len(tx) < 4 {
		return sw(swWrongLength), nil
	}
	if tx[0] == classNative && n.query != nil {
		return n.native(tx), nil
	}

	// Any command but the next frame of GetVersion ends that.
	n.version = 0
	switch {
	case tx[0] != 0x00:
		return sw(swNoSuchClass), nil
	case tx[1] == insSelect:
		return sw(n.selectFile(tx)), nil
	case isRead:
		return n.readBinary(tx), nil
	}
	return sw(swNoSuchInstruction), nil
}

// selectFile is ISOSelectFile (NT4H2421Gx section 10.9.1): 00 A4 P1 P2 Lc DATA [Le].
func (n *NTAG424) selectFile(tx []byte) (status uint16) {
	p1, p2 := tx[2], tx[3]
	if p2 != 0x00 && p2 != 0x0C { // with or without the file's FCI, of which the chip gives none
		return swWrongParameters
	}

	var data []byte
	if len(tx) > 4 {
		lc := int(tx[4])
		if len(tx) != 5+lc && len(tx) != 6+lc {
			return swWrongLength
		}
		data = tx[5 : 5+lc]
	}

	switch p1 {
	case 0x04: // by DF name
		if !bytes.Equal(data, ndefApplication) {
			return swNotFound
		}
		n.inApp, n.file = true, 0
		return swOK
	case 0x00, 0x02: // by file identifier
		if len(data) != 2 {
			return swWrongLength
		}
		return n.selectID(binary.BigEndian.Uint16(data))
	}
	return swWrongParameters
}

// selectID selects a file by its identifier. The files of the application exist only within it.
func (n *NTAG424) selectID(id uint16) (status uint16) {
	switch id {
	case fileMaster, fileApplication:
		n.inApp, n.file = id == fileApplication, 0
		return swOK
	case fileCC, fileNDEF, fileProprietary:
		if n.inApp {
			n.file = id
			return swOK
		}
	}
	return swNotFound
}

// readBinary is ISOReadBinary (NT4H2421Gx section 10.9.2): 00 B0 P1 P2 Le. Le 00 means 256; the answer ends where the
// file ends.
func (n *NTAG424) readBinary(tx []byte) []byte {
	if len(tx) != 5 {
		return sw(swWrongLength)
	}

	// If bit 8 of P1 is set, P1 names the file by its short identifier, 03, 04 or 05, which is the last digits of the
	// long one, and P2 alone is the offset.
	offset := int(binary.BigEndian.Uint16(tx[2:4]))
	if tx[2]&0x80 != 0 {
		if status := n.selectID(0xE100 | uint16(tx[2]&0x1F)); status != swOK || n.file == 0 {
			return sw(swNotFound)
		}
		offset = int(tx[3])
	}

	size := map[uint16]int{fileCC: len(ccFile), fileNDEF: ndefFileSize}[n.file]
	switch {
	case n.file == 0:
		return sw(swNoFileSelected)
	case n.file == fileProprietary:
		return sw(swNotAuthenticated)
	case offset >= size:
		return sw(swBehindEnd)
	}

	// Only a read that succeeds counts.
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
		n.issued.give(offset-2, offset-2+len(part)) // the message begins behind NLEN, which has 2 bytes
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

// native answers the one native command that the chip knows: GetVersion (NT4H2421Gx section 10.5.2), in three frames.
func (n *NTAG424) native(tx []byte) []byte {
	if len(tx) != 5 {
		n.version = 0
		return sw(swNativeLength)
	}

	switch {
	case tx[1] == nativeVersion:
		n.version = 1
		return append([]byte{0x04, 0x04, 0x02, 0x30, 0x00, 0x11, 0x05}, 0x91, 0xAF)
	case tx[1] == nativeMoreFrame && n.version == 1:
		n.version = 2
		return append([]byte{0x04, 0x04, 0x02, 0x01, 0x02, 0x11, 0x05}, 0x91, 0xAF)
	case tx[1] == nativeMoreFrame && n.version == 2:
		n.version = 0
		// Batch, fabrication key, week 46 of 2021 (recording ntag424-version).
		batch := []byte{0xCF, 0x5D, 0x90, 0x45, 0x10, 0x46, 0x21}
		uid := n.target.UID
		if n.RandomID {
			uid = make([]byte, len(uid)) // a random-ID chip shows its own UID only after authentication
		}
		return append(slices.Concat(uid, batch), 0x91, 0x00)
	}

	n.version = 0
	return sw(swNativeIllegal)
}

// sw is a response APDU of a status word alone.
func sw(status uint16) []byte { return binary.BigEndian.AppendUint16(nil, status) }
