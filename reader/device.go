// SPDX-License-Identifier: Apache-2.0

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
	ATQA [2]byte // as libnfc and datasheets write it: 03 44 of an NTAG 424 DNA
	SAK  byte
	UID  []byte // 4, 7 or 10 bytes; may be random, never an identity
	ATS  []byte // without its length byte TL; empty unless the tag speaks ISO-DEP
}

// ISODEP reports whether the tag takes APDUs (ISO/IEC 14443-3, SAK bit 6).
func (t Target) ISODEP() bool { return t.SAK&0x20 != 0 }

// A Device is one reader: libnfc's, or the bench's virtual one. One goroutine at a time uses it. An error that
// is neither ErrNoTag nor ErrTagLost is the reader's own.
type Device interface {
	// Select activates a tag that is in the field and not active; one that is
	// active hears it only after a Cycle. It looks at an empty field up to looks times, 20 ms apart,
	// and then returns ErrNoTag. Without a clear answer it returns ErrTagLost.
	Select(looks int) (Target, error)

	// Transceive sends an APDU to an ISO-DEP tag, or a command without its CRC
	// to any other, and returns the answer. ErrTagLost covers every way in which
	// a tag fails to give one: gone, a NAK, a broken frame.
	Transceive(tx []byte, timeout time.Duration) ([]byte, error)

	// Present asks the selected tag whether it is still there.
	Present() (bool, error)

	// Deselect puts the selected tag to HALT (ISO/IEC 14443-3, 6.3.4): it does not
	// answer the next Select, and whatever does is another tag. Some readers' Select wakes it (lookPast).
	Deselect() error

	// Cycle switches the field off for long enough that all tags forget everything
	// except their memory. After it, whatever is there can be selected.
	Cycle() error

	Close() error
}

var (
	ErrNoTag   = errors.New("no tag in the field")
	ErrTagLost = errors.New("the tag did not answer")

	// errHung is a reader that gives no sign of life. Only opening it again can
	// bring it back.
	errHung = errors.New("the reader does not answer")

	// ErrNoLibnfc is returned for a libnfc device by a program built without libnfc.
	ErrNoLibnfc = errors.New("this tagbase-edge was built without libnfc (build tag nolibnfc, or without cgo); " +
		"install the packaged one, or build it with CGO_ENABLED=1 and libnfc-dev")
)

// ISO/IEC 14443-3, 6.2.1: a tag that has been without the field for 5 ms starts
// again, and is ready 5 ms after the field is back. The chip's answer to the
// command that switches it takes a good millisecond more.
const (
	fieldOff = 10 * time.Millisecond
	fieldOn  = 5 * time.Millisecond
)

const simulatedPrefix = "simulated:"

// Open opens a libnfc connstring such as "pn532_uart:/dev/ttyAMA0", or
// "simulated:SOCKET" for the bench. An error for which Missing is true means that
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

// CheckConnstring returns an error unless Open understands the name. It has to say which
// driver and which port: libnfc left to search talks to every serial port that it finds.
func CheckConnstring(device string) error {
	driver, port, ok := strings.Cut(device, ":")
	if !ok || driver == "" || port == "" {
		return fmt.Errorf("%.80q is not a reader; name driver and port, such as \"pn532_uart:/dev/ttyAMA0\"", device)
	}
	return nil
}

// Missing reports whether err says that there is no such reader, and not that one
// does not answer.
func Missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
