// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"encoding/binary"
	"errors"
)

var errNoURL = errors.New("no URI record in the NDEF message")

// NDEF record header (NFC Forum NDEF 1.0, 3.2).
const (
	flagMessageEnd  = 0x40
	flagChunk       = 0x20
	flagShortRecord = 0x10
	flagID          = 0x08
	tnfMask         = 0x07
	tnfWellKnown    = 0x01
)

type ndefRecord struct {
	tnf     byte
	kind    string
	payload []byte
	last    bool
}

// nextRecord cuts the first record off msg. Chunked records are refused: no tag
// of 1 KiB has a use for them.
func nextRecord(msg []byte) (r ndefRecord, rest []byte, err error) {
	if len(msg) < 3 {
		return r, nil, errNoNDEF
	}
	flags, kindLen := msg[0], int(msg[1])
	if flags&flagChunk != 0 {
		return r, nil, errNoNDEF
	}
	b := msg[2:]
	var payloadLen, idLen uint64
	if flags&flagShortRecord != 0 {
		payloadLen, b = uint64(b[0]), b[1:]
	} else {
		if len(b) < 4 {
			return r, nil, errNoNDEF
		}
		payloadLen, b = uint64(binary.BigEndian.Uint32(b)), b[4:]
	}
	if flags&flagID != 0 {
		if len(b) < 1 {
			return r, nil, errNoNDEF
		}
		idLen, b = uint64(b[0]), b[1:]
	}
	if uint64(kindLen)+idLen+payloadLen > uint64(len(b)) {
		return r, nil, errNoNDEF
	}
	kind, b := b[:kindLen], b[kindLen:]
	payload, rest := b[idLen:idLen+payloadLen], b[idLen+payloadLen:]
	return ndefRecord{
		tnf:     flags & tnfMask,
		kind:    string(kind),
		payload: payload,
		last:    flags&flagMessageEnd != 0,
	}, rest, nil
}

// firstURI returns the URI of the first URI record (RTD "U"), which may stand
// in a Smart Poster ("Sp").
func firstURI(msg []byte) ([]byte, error) { return findURI(msg, true) }

func findURI(msg []byte, posters bool) ([]byte, error) {
	for len(msg) > 0 {
		r, rest, err := nextRecord(msg)
		if err != nil {
			return nil, err
		}
		if r.tnf == tnfWellKnown && r.kind == "U" {
			return expandURI(r.payload)
		}
		if r.tnf == tnfWellKnown && r.kind == "Sp" && posters {
			uri, err := findURI(r.payload, false)
			if !errors.Is(err, errNoURL) {
				return uri, err
			}
		}
		if r.last {
			break
		}
		msg = rest
	}
	return nil, errNoURL
}

// expandURI joins the prefix that the payload's first byte names with the rest
// (NFC Forum RTD URI 1.0, 3.2.2). A reserved code stands for no prefix.
func expandURI(payload []byte) ([]byte, error) {
	if len(payload) < 2 {
		return nil, errNoURL
	}
	var prefix string
	if code := int(payload[0]); code < len(uriPrefixes) {
		prefix = uriPrefixes[code]
	}
	return append([]byte(prefix), payload[1:]...), nil
}

var uriPrefixes = [...]string{
	"", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:",
	"ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://",
	"ftp://", "dav://", "news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:",
	"sips:", "tftp:", "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://",
	"file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:", "urn:nfc:",
}
