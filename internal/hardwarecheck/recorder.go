// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/tagbase/tagbase-edge/reader"
)

// commandTime is the time limit of one command. The station's own is 250 ms: a slower answer shall show as slow, and
// not as none.
const commandTime = time.Second

// A recorder is a reader whose every request becomes a frame of the report. It tells the frame at once: libnfc may
// abort in the next one.
type recorder struct {
	dev   reader.Device
	key   secretKey
	tell  func(line)
	began time.Time
	last  time.Duration // what the newest request took
}

func newRecorder(dev reader.Device, key secretKey, tell func(line)) *recorder {
	return &recorder{dev: dev, key: key, tell: tell, began: time.Now()}
}

// record does one request. do returns what the report shows of its answer.
func (r *recorder) record(what, sent string, do func() (got string, err error)) error {
	began := time.Now()
	got, err := do()
	r.last = time.Since(began)

	f := Frame{At: milliseconds(began.Sub(r.began)), Took: milliseconds(r.last), Do: what, Sent: sent, Got: got}
	if err != nil {
		f.Error = err.Error()
	}
	r.tell(line{Frame: &f})
	return err
}

// milliseconds rounds to 10 µs, which is finer than a host with an operating system can tell.
func milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e5) / 1e2 }

// look selects whatever answers first, and looks once.
func (r *recorder) look() (t reader.Target, err error) {
	err = r.record("select", "", func() (string, error) {
		if t, err = r.dev.Select(1); err != nil {
			return "", err
		}
		return r.describe(t), nil
	})
	return t, err
}

// describe shows a target without its UID.
func (r *recorder) describe(t reader.Target) string {
	text := fmt.Sprintf("ATQA %x SAK %02x UID %s", t.ATQA, t.SAK, r.key.hideUID(t.UID))
	if len(t.ATS) > 0 {
		text += fmt.Sprintf(" ATS %x", t.ATS)
	}
	return text
}

// ask sends a command whose answer of n bytes is no secret, such as a version. Any other answer is.
func (r *recorder) ask(n int, tx ...byte) ([]byte, error) {
	return r.transceive(tx, func(rx []byte) string {
		if len(rx) != n {
			return r.key.hide(rx)
		}
		return hex.EncodeToString(rx)
	})
}

// askSecret sends a command whose answer holds a UID, a URL or a proof.
func (r *recorder) askSecret(tx ...byte) ([]byte, error) { return r.transceive(tx, r.key.hide) }

// apdu is askSecret for an APDU, whose status word is no secret. The error is a reader.StatusWord if that is not 9000.
func (r *recorder) apdu(tx ...byte) ([]byte, error) {
	rx, err := r.transceive(tx, func(rx []byte) string {
		data, status := cutStatus(rx)
		text := r.key.hide(data)
		if text != "" {
			text += " "
		}
		return text + hex.EncodeToString(status)
	})
	if err != nil {
		return nil, err
	}

	data, status := cutStatus(rx)
	if len(status) != 2 {
		return nil, reader.ErrTagLost
	}
	if sw := reader.StatusWord(status[0])<<8 | reader.StatusWord(status[1]); sw != 0x9000 {
		return nil, sw
	}
	return data, nil
}

// cutStatus cuts the status word off an answer that has one: its first byte is 61 to 6F, or 90 to 9F (ISO/IEC
// 7816-4, 5.6).
func cutStatus(rx []byte) (data, status []byte) {
	at := len(rx) - 2
	if at < 0 || rx[at]>>4 != 6 && rx[at]>>4 != 9 {
		return rx, nil
	}
	return rx[:at], rx[at:]
}

func (r *recorder) transceive(tx []byte, show func([]byte) string) (rx []byte, err error) {
	err = r.record("transceive", hex.EncodeToString(tx), func() (string, error) {
		if rx, err = r.dev.Transceive(tx, commandTime); err != nil {
			return "", err
		}
		return show(rx), nil
	})
	return rx, err
}

func (r *recorder) present() (there bool, err error) {
	err = r.record("present", "", func() (string, error) {
		if there, err = r.dev.Present(); err != nil {
			return "", err
		}
		return map[bool]string{true: "yes", false: "no"}[there], nil
	})
	return there, err
}

func (r *recorder) deselect() error {
	return r.record("deselect", "", func() (string, error) { return "", r.dev.Deselect() })
}

// cycle switches the field off and on.
func (r *recorder) cycle() error {
	return r.record("cycle", "", func() (string, error) { return "", r.dev.Cycle() })
}

// firmware is what the reader says of its chip, or "" if it is the bench's simulated one, which has none.
func (r *recorder) firmware() string {
	if v, ok := r.dev.(interface{ Firmware() string }); ok {
		return v.Firmware()
	}
	return ""
}
