// SPDX-License-Identifier: Apache-2.0

// Package ndef finds the URI in an NDEF message (NFC Forum NDEF 1.0, RTD URI 1.0, RTD Smart Poster 1.0).
//
// A message is a row of records. Each has a type and a payload:
//
//	flags, TNF | type length | payload length (1 or 4) | id length, if any | type | id | payload
//
// A URI record has the type "U", and its payload is one byte for a common prefix, such as
// "https://", and the rest. A Smart Poster has the type "Sp", and its payload is an NDEF
// message again. A tag may hold any bytes: what breaks off or contradicts itself is an error, never a shorter URI.
package ndef

import (
	"encoding/binary"
	"errors"
)

var (
	// ErrMalformed is returned for a message that is cut short, or has a chunked record.
	ErrMalformed = errors.New("a malformed NDEF message")

	// ErrNoURI is returned for a message without a URI record, or with an empty one.
	ErrNoURI = errors.New("no URI record in the NDEF message")
)

// Record header (NFC Forum NDEF 1.0, 3.2).
const (
	flagMessageEnd  = 0x40
	flagChunk       = 0x20
	flagShortRecord = 0x10
	flagID          = 0x08
	tnfMask         = 0x07
	tnfWellKnown    = 0x01
)

type record struct {
	tnf     byte
	kind    string
	payload []byte
	last    bool
}

// FirstURI returns the URI of the first URI record, which may stand in a Smart Poster. It is not
// checked in any way. The error is ErrNoURI or ErrMalformed.
func FirstURI(message []byte) ([]byte, error) { return findURI(message, true) }

// findURI looks into Smart Posters only with posters: one within another is not looked into.
func findURI(message []byte, posters bool) ([]byte, error) {
	for len(message) > 0 {
		r, rest, err := cutRecord(message)
		if err != nil {
			return nil, err
		}

		if r.tnf == tnfWellKnown && r.kind == "U" {
			return expandURI(r.payload)
		}
		// A poster without a URI of its own does not hide one that follows.
		if r.tnf == tnfWellKnown && r.kind == "Sp" && posters {
			uri, err := findURI(r.payload, false)
			if !errors.Is(err, ErrNoURI) {
				return uri, err
			}
		}

		// What stands behind the end of the message is not part of it.
		if r.last {
			break
		}
		message = rest
	}
	return nil, ErrNoURI
}

// cutRecord cuts the first record off a message. Chunked records are refused: no tag
// of 1 KiB has a use for them.
func cutRecord(message []byte) (r record, rest []byte, err error) {
	if len(message) < 3 {
		return r, nil, ErrMalformed
	}
	flags, kindLen := message[0], int(message[1])
	if flags&flagChunk != 0 {
		return r, nil, ErrMalformed
	}

	b := message[2:]
	var payloadLen, idLen uint64
	if flags&flagShortRecord != 0 {
		payloadLen, b = uint64(b[0]), b[1:]
	} else {
		if len(b) < 4 {
			return r, nil, ErrMalformed
		}
		payloadLen, b = uint64(binary.BigEndian.Uint32(b)), b[4:]
	}
	if flags&flagID != 0 {
		if len(b) < 1 {
			return r, nil, ErrMalformed
		}
		idLen, b = uint64(b[0]), b[1:]
	}

	// In 64 bits the sum cannot overflow, on a 32-bit board as well.
	if uint64(kindLen)+idLen+payloadLen > uint64(len(b)) {
		return r, nil, ErrMalformed
	}
	kind, b := b[:kindLen], b[kindLen:]
	payload, rest := b[idLen:idLen+payloadLen], b[idLen+payloadLen:]
	return record{
		tnf:     flags & tnfMask,
		kind:    string(kind),
		payload: payload,
		last:    flags&flagMessageEnd != 0,
	}, rest, nil
}

// expandURI joins the prefix that the payload's first byte stands for with the rest
// (RTD URI 1.0, 3.2.2). A reserved code stands for no prefix.
func expandURI(payload []byte) ([]byte, error) {
	if len(payload) < 2 {
		return nil, ErrNoURI
	}
	var prefix string
	if code := int(payload[0]); code < len(uriPrefixes) {
		prefix = uriPrefixes[code]
	}
	return append([]byte(prefix), payload[1:]...), nil
}

// RTD URI 1.0, table 3.
var uriPrefixes = [...]string{
	"", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:",
	"ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://",
	"ftp://", "dav://", "news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:",
	"sips:", "tftp:", "btspp://", "btl2cap://", "btgoep://", "tcpobex://", "irdaobex://",
	"file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:", "urn:epc:raw:", "urn:epc:", "urn:nfc:",
}
