// SPDX-License-Identifier: Apache-2.0

package station

import (
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
)

// A visit is a tap on its way from the reader to its scan.
type visit struct {
	tap    reader.Tap
	number uint64            // the order in which taps began
	seq    uint64            // of the intent that the journal has of it, if any
	rest   <-chan reader.Tap // of a tap that is proved gives it as it ends; nil when it has
}

// end waits until the reader is done with the tap. One of which the reader has no more to say
// by then was torn.
func (v *visit) end(by time.Time) {
	if v.rest == nil {
		return
	}
	rest := v.rest
	v.rest = nil
	select {
	case t, ok := <-rest:
		if ok {
			v.tap = t
			return
		}
	case <-time.After(time.Until(by)):
	}
	v.tap.Reason, v.tap.Read = scan.ReasonTorn, time.Now()
}

// An opening is the tap that the reader is at, if that is queued already.
type opening struct{ rest chan reader.Tap }

// begin gives what the tap's visit waits for.
func (o *opening) begin() <-chan reader.Tap {
	o.leave()
	o.rest = make(chan reader.Tap, 1)
	return o.rest
}

// end passes on what the tap came to, and tells whether its visit was begun.
func (o *opening) end(t reader.Tap) bool {
	if o.rest == nil {
		return false
	}
	o.rest <- t
	o.rest = nil
	return true
}

// leave tells whoever waits that the reader says no more.
func (o *opening) leave() {
	if o.rest != nil {
		close(o.rest)
		o.rest = nil
	}
}
