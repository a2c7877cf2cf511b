// SPDX-License-Identifier: Apache-2.0

// Package reader is everything between the antenna and a tap URL.
//
// A reader (ISO/IEC 14443: PCD) selects a tag (PICC) and learns its UID, ATQA
// and SAK, and its ATS if the tag speaks ISO-DEP. From those it knows which
// NFC Forum type the tag is, and how its NDEF message is read: Type 4 with
// APDUs (SELECT, READ BINARY), Type 2 page by page (READ, FAST_READ). The first
// URI record of that message is the tap URL.
//
//	antenna -> Device -> Read (type4, type2, ndef) -> Tap -> Watch -> Event -> Process
//
// Device is the seam: libnfc on one side, the bench's virtual tags on the other.
// Watch runs in a child process and writes events to a pipe, since libnfc can
// block for ever and can abort the process it lives in; Process is the daemon's
// end of that pipe. Everything that comes from a tag is hostile.
package reader

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// A Target is what a tag says of itself when it is selected.
type Target struct {
	ATQA [2]byte
	SAK  byte
	UID  []byte // 4, 7 or 10 bytes; may be random, never an identity
	ATS  []byte // without its length byte TL; empty unless the tag speaks ISO-DEP
}

// ISODEP tells whether the tag takes APDUs (ISO/IEC 14443-3, SAK bit 6).
func (t Target) ISODEP() bool { return t.SAK&0x20 != 0 }

// A Device is one reader. It is used by one goroutine at a time. An error that
// is neither ErrNoTag nor ErrTagLost is the reader's own.
type Device interface {
	// Select activates a tag that is in the field and not active. It looks at an empty
	// field at most so many times, pollEvery apart, and then returns ErrNoTag: a tag that
	// is active hears it only after a Cycle. Without a clear answer it is ErrTagLost.
	Select(looks int) (Target, error)

	// Transceive sends an APDU to an ISO-DEP tag, or a command without its CRC
	// to any other, and returns the answer. ErrTagLost covers every way in which
	// a tag fails to give one: gone, a NAK, a broken frame.
	Transceive(tx []byte, timeout time.Duration) ([]byte, error)

	// Present asks the selected tag whether it is still there.
	Present() (bool, error)

	// Deselect puts the selected tag to HALT (ISO/IEC 14443-3, 6.3.4): it does not
	// answer the next Select, and whatever does is another tag.
	Deselect() error

	// Cycle takes the field from all tags for long enough that they forget all but
	// their memory. Whatever is there can be selected again.
	Cycle() error

	Close() error
}

var (
	ErrNoTag   = errors.New("no tag in the field")
	ErrTagLost = errors.New("the tag did not answer")

	// errHung is a reader that gives no sign of life. Only opening it anew can
	// bring it back.
	errHung = errors.New("the reader does not answer")

	// ErrNoLibnfc is returned for a libnfc device by a program built without libnfc.
	ErrNoLibnfc = errors.New("this tagbase-edge was built without libnfc (build tag nolibnfc, or without cgo); " +
		"install the packaged one, or build it with CGO_ENABLED=1 and libnfc-dev")
)

// ISO/IEC 14443-3, 6.2.1: a tag that has been without the field for 5 ms starts
// anew, and is ready 5 ms after the field is back. The chip's answer to the
// command that switches it takes a good millisecond more.
const (
	fieldOff = 10 * time.Millisecond
	fieldOn  = 5 * time.Millisecond
)

const simulatedPrefix = "simulated:"

// Open opens a libnfc connstring such as "pn532_uart:/dev/ttyAMA0", or
// "simulated:SOCKET" for the bench. An error that is fs.ErrNotExist means that
// there is no such reader; any other, that it is there and cannot be used.
func Open(device string) (Device, error) {
	if socket, ok := strings.CutPrefix(device, simulatedPrefix); ok {
		return openSimulated(socket)
	}
	if err := CheckConnstring(device); err != nil {
		return nil, err
	}
	return openLibnfc(device)
}

// CheckConnstring tells whether device is a name that Open understands. Only
// names that say which driver and which port are taken: libnfc left to search
// talks to every serial port that it finds.
func CheckConnstring(device string) error {
	driver, port, ok := strings.Cut(device, ":")
	if !ok || driver == "" || port == "" {
		return fmt.Errorf("%.80q is not a reader; name driver and port, such as \"pn532_uart:/dev/ttyAMA0\"", device)
	}
	return nil
}

// Missing tells whether err says that there is no such reader, as against one
// that does not answer.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
