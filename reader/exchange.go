// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"errors"
	"time"
)

// What one tap may cost. A tag that wants more is hostile or broken.
const (
	maxNDEF      = 1024 // bytes of NDEF message
	maxExchanges = 64   // commands to the tag
	maxTapTime   = 600 * time.Millisecond
)

var (
	errTooMany = errors.New("the tag wants more than 64 exchanges")
	errTooLong = errors.New("the tap took longer than 600 ms")
	errTooBig  = errors.New("the NDEF message is larger than 1 KiB")
)

// An exchange is all that is said to one tag in one tap, within its limits.
type exchange struct {
	dev      Device
	target   Target
	left     int
	deadline time.Time
	seen     time.Time // the tag's last answer
}

func newExchange(dev Device, t Target, entered time.Time) *exchange {
	return &exchange{dev: dev, target: t, left: maxExchanges, deadline: entered.Add(maxTapTime), seen: entered}
}

func (x *exchange) transceive(tx ...byte) ([]byte, error) {
	if x.left == 0 {
		return nil, errTooMany
	}
	x.left--
	left := time.Until(x.deadline)
	if left <= 0 {
		return nil, errTooLong
	}
	rx, err := x.dev.Transceive(tx, left)
	if err == nil {
		x.seen = time.Now()
	}
	return rx, err
}

// again selects the tag anew after it was lost, for as long as the tap may take
// and something may still be said to it. Another tag in its place is not a
// second try.
func (x *exchange) again() error {
	if x.left == 0 {
		return errTooMany
	}
	for time.Now().Before(x.deadline) {
		t, err := x.dev.Select()
		switch {
		case errors.Is(err, ErrNoTag):
			time.Sleep(5 * time.Millisecond)
		case err != nil:
			return err
		case !sameTag(t.UID, x.target.UID):
			return ErrTagLost
		default:
			x.target, x.seen = t, time.Now()
			return nil
		}
	}
	return ErrTagLost
}
