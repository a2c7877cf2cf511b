// SPDX-License-Identifier: Apache-2.0

//go:build cgo && !nolibnfc

package reader

// #cgo pkg-config: libnfc
// #include <nfc/nfc.h>
// #include <stdint.h>
// #include <string.h>
// #include <unistd.h>
//
// struct found {
//	uint8_t atqa[2], sak, uid[10], ats[254];
//	int uidLen, atsLen;
// };
//
// // nfc_iso14443a_info is packed, which Go cannot read.
// static int look(uintptr_t device, int looks, useconds_t pause, struct found *f) {
//	const nfc_modulation m = {.nmt = NMT_ISO14443A, .nbr = NBR_106};
//	nfc_target t;
//	int n;
//	while ((n = nfc_initiator_select_passive_target((nfc_device *)device, m, NULL, 0, &t)) == 0 && --looks > 0)
//		usleep(pause);
//	if (n <= 0)
//		return n;
//	memcpy(f->atqa, t.nti.nai.abtAtqa, sizeof f->atqa);
//	memcpy(f->uid, t.nti.nai.abtUid, sizeof f->uid);
//	memcpy(f->ats, t.nti.nai.abtAts, sizeof f->ats);
//	f->sak = t.nti.nai.btSak;
//	f->uidLen = t.nti.nai.szUidLen > sizeof f->uid ? sizeof f->uid : t.nti.nai.szUidLen;
//	f->atsLen = t.nti.nai.szAtsLen > sizeof f->ats ? sizeof f->ats : t.nti.nai.szAtsLen;
//	return n;
// }
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"

	"github.com/clausecker/nfc/v2"
	"github.com/tagbase/tagbase-edge/internal/connstring"
	"github.com/tagbase/tagbase-edge/internal/portlock"
)

// Libnfc reports whether the program was built with libnfc.
const Libnfc = true

// libnfc is a reader that libnfc drives. All C is in this file, and no decision about a tap.
type libnfc struct {
	dev  nfc.Device
	port *portlock.Lock // nil for a USB reader, which libusb claims
	name string
	uid  []byte    // of the selected tag
	rx   [264]byte // PN532: the longest answer to InDataExchange (UM0701-02, 7.3.8)
	mute int       // looks in a row that the chip did not answer
}

func openLibnfc(device string) (Device, error) {
	l := &libnfc{name: device}
	c := parseConnstring(device)
	if c.IsFile() {
		var err error
		if c, err = c.Resolve(); err != nil {
			return nil, err
		}
		l.port, err = portlock.Take(c.Path, strings.HasSuffix(c.Driver, "_uart"))
		if errors.Is(err, portlock.ErrHeld) {
			return nil, heldBy(c.Path)
		}
		if err != nil {
			return nil, err
		}
	}

	if err := l.open(c); err != nil {
		l.port.Release()
		return nil, err
	}
	return l, nil
}

func (l *libnfc) open(c connstring.Connstring) (err error) {
	// libnfc reads these once, before its first open: never search for readers, never log.
	// From level 3 on it would log APDUs, and so tap URLs.
	os.Setenv("LIBNFC_AUTO_SCAN", "false")
	os.Setenv("LIBNFC_LOG_LEVEL", "0")
	if l.dev, err = nfc.Open(c.String()); err != nil {
		return fmt.Errorf("reader %s: %w; check its power, its wires and its mode switches%s",
			l.name, errHung, alsoOpen(c.Path))
	}

	// Only now: libnfc has opened the port itself.
	if l.port != nil {
		l.port.Exclude()
	}
	if err := l.init(); err != nil {
		l.dev.Close()
		return err
	}
	return nil
}

// init makes the chip an initiator that gives up at once when the field is empty.
// nfc.Open succeeds on a chip that never answered, and the first select would then
// die on an assertion in C; SupportedModulations panics in Go on such a device, which
// can be recovered.
func (l *libnfc) init() (err error) {
	defer func() {
		if recover() != nil {
			err = l.fault("no firmware version", nfc.Error(nfc.ECHIP))
		}
	}()

	if _, err := l.dev.SupportedModulations(nfc.InitiatorMode); err != nil {
		return l.fault("asking for modulations", err)
	}
	if err := l.dev.InitiatorInit(); err != nil {
		return l.fault("initiator init", err)
	}
	return l.fault("finite select", l.dev.SetPropertyBool(nfc.InfiniteSelect, false))
}

// Select looks at an empty field from C: for every call into it Go's scheduler wakes up its own
// monitor, twice, which took a third of the processor time that an empty field costs.
func (l *libnfc) Select(looks int) (Target, error) {
	var f C.struct_found
	pause := C.useconds_t(pollEvery / time.Microsecond)
	n := C.look(C.uintptr_t(l.dev.Pointer()), C.int(looks), pause, &f)
	if n == nfc.ETIMEOUT {
		return Target{}, l.timedOut()
	}
	l.mute = 0

	switch {
	case n > 0:
		t := Target{
			ATQA: [2]byte{byte(f.atqa[0]), byte(f.atqa[1])},
			SAK:  byte(f.sak),
			UID:  C.GoBytes(unsafe.Pointer(&f.uid), f.uidLen),
			ATS:  C.GoBytes(unsafe.Pointer(&f.ats), f.atsLen),
		}
		l.uid = t.UID
		// APDUs go by InDataExchange, Type 2 commands by InCommunicateThru, also libnfc's own READ in Present: in
		// InDataExchange the chip takes 60h for a MIFARE Classic authentication, and knows no FAST_READ (UM0701-02,
		// 7.3.8 and 7.3.9). Some copies refuse READ there.
		return t, l.fault("framing", l.dev.SetPropertyBool(nfc.EasyFraming, t.ISODEP()))
	case n == 0:
		return Target{}, ErrNoTag
	case n == nfc.ERFTRANS || n == nfc.ETGRELEASED:
		return Target{}, ErrTagLost
	default:
		return Target{}, l.fault("select", nfc.Error(n))
	}
}

// timedOut tells a chip that was late from one that hangs or slept through a brown-out:
// libnfc has one code for both. Only the former answers another command, and only once in a while.
func (l *libnfc) timedOut() error {
	if err := l.dev.SetPropertyBool(nfc.InfiniteSelect, false); err != nil {
		return l.fault("select", err)
	}
	if l.mute++; l.mute >= maxMute {
		return l.fault("select", nfc.Error(nfc.ETIMEOUT))
	}
	return ErrTagLost
}

func (l *libnfc) Transceive(tx []byte, timeout time.Duration) ([]byte, error) {
	// In libnfc, 0 ms would be no timeout at all.
	ms := int(max(timeout, time.Millisecond) / time.Millisecond)
	n, err := l.dev.InitiatorTransceiveBytes(tx, l.rx[:], ms)
	switch code := libnfcCode(err); code {
	case nfc.SUCCESS:
		return append([]byte(nil), l.rx[:n]...), nil
	case nfc.EIO, nfc.ENOTSUCHDEV, nfc.ESOFT:
		return nil, l.fault("transceive", err)
	default: // no answer, a NAK, a broken frame
		return nil, ErrTagLost
	}
}

func (l *libnfc) Present() (bool, error) {
	err := l.dev.InitiatorTargetIsPresent(nil)
	switch code := libnfcCode(err); code {
	case nfc.SUCCESS:
		return true, nil
	case nfc.EDEVNOTSUPP:
		// libnfc has no ping for this kind of tag, so it is selected again.
		before := l.uid
		t, err := l.Select(1)
		if errors.Is(err, ErrNoTag) {
			return false, nil
		}
		return err == nil && bytes.Equal(t.UID, before), err

	case nfc.EIO, nfc.ENOTSUCHDEV, nfc.ESOFT:
		return false, l.fault("presence", err)
	default: // it did not answer
		return false, nil
	}
}

// Deselect is done if the tag does not answer: it has gone, or is in HALT already.
func (l *libnfc) Deselect() error {
	err := l.dev.InitiatorDeselectTarget()
	switch libnfcCode(err) {
	case nfc.EIO, nfc.ENOTSUCHDEV, nfc.ESOFT, nfc.ETIMEOUT:
		return l.fault("deselect", err)
	default:
		return nil
	}
}

func (l *libnfc) Cycle() error {
	if err := l.dev.SetPropertyBool(nfc.ActivateField, false); err != nil {
		return l.fault("field off", err)
	}
	time.Sleep(fieldOff)

	if err := l.dev.SetPropertyBool(nfc.ActivateField, true); err != nil {
		return l.fault("field on", err)
	}
	time.Sleep(fieldOn)
	return nil
}

func (l *libnfc) Close() error {
	return errors.Join(l.dev.Close(), l.port.Release())
}

// fault is an error of the reader, nil without one. A chip that does not answer a command for which it
// needs no tag hangs.
func (l *libnfc) fault(doing string, err error) error {
	if err == nil {
		return nil
	}
	if libnfcCode(err) == nfc.ETIMEOUT {
		err = fmt.Errorf("%w (%w)", errHung, err)
	}
	return fmt.Errorf("reader %s: %s: %w", l.name, doing, err)
}

func libnfcCode(err error) int {
	var code nfc.Error
	switch {
	case err == nil:
		return nfc.SUCCESS
	case errors.As(err, &code):
		return int(code)
	default:
		return nfc.ESOFT
	}
}

// LibnfcVersion returns the version of libnfc that is linked, "libnfc 1.8.0".
func LibnfcVersion() string { return "libnfc " + strings.TrimRight(nfc.Version(), "\x00") }

// Firmware returns the chip and its version, as libnfc prints them: "PN532 v1.6".
func (l *libnfc) Firmware() string {
	info, err := l.dev.Information()
	if err != nil {
		return "unknown chip"
	}
	for line := range strings.Lines(info) {
		if chip, ok := strings.CutPrefix(line, "chip:"); ok {
			return strings.TrimSpace(chip)
		}
	}
	return "unknown chip"
}

// failedStep returns the step of a self-test in which Open failed. If libnfc gave a code, the chip
// had answered the wake-up.
func failedStep(err error) string {
	var code nfc.Error
	switch {
	case errors.Is(err, portlock.ErrHeld):
		return StepOpen
	case !errors.As(err, &code):
		return StepWakeUp
	case code == nfc.ECHIP:
		return StepFirmware
	default:
		return StepField
	}
}
