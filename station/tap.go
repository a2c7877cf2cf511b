// SPDX-License-Identifier: Apache-2.0

package station

import (
	"time"

	"github.com/tagbase/tagbase-edge/reader"
	"github.com/tagbase/tagbase-edge/scan"
)

// A tap is one presentation of a tag, on its way from the reader to its record. receive makes it
// when the tag enters, and keeps its two promises as the reader goes on; serve waits for them.
type tap struct {
	reader.Tap        // as the tag entered: UID, chip and the moment
	number     uint64 // the order in which taps began
	seq        uint64 // of its journal record, 0 before the first intent; serve's alone

	early  promise // the first URL; the tap may still come to nothing
	result promise // the reader's last word

	// Of receive alone:
	hasURL  bool // early is kept
	dropped bool // it found no place in the queue, and nobody serves it
}

// newTap is a tap of which nothing but its beginning is known.
func newTap(entered reader.Tap, number uint64) *tap {
	return &tap{Tap: entered, number: number, early: newPromise(), result: newPromise()}
}

// earlyURL waits for the first URL, or for the result if that comes without one. A tap of which
// nothing comes until by is torn.
func (t *tap) earlyURL(by time.Time) reader.Tap {
	late := time.NewTimer(time.Until(by))
	defer late.Stop()

	// If URL and result are both there either may win: the result holds the URL, too.
	select {
	case read, kept := <-t.early:
		if kept {
			return read
		}
		return t.torn()
	case read, kept := <-t.result:
		if !kept {
			return t.torn()
		}
		t.result.keep(read) // finalResult asks for it again
		return read
	case <-late.C:
	}

	// Both may be there by now: a tap that waited behind another until its time was over is late, and not torn.
	if read, kept := t.early.kept(); kept {
		return read
	}
	if read, kept := t.result.kept(); kept {
		t.result.keep(read)
		return read
	}
	return t.torn()
}

// finalResult waits for the reader's last word. A tap of which it does not come until by is torn.
func (t *tap) finalResult(by time.Time) reader.Tap {
	late := time.NewTimer(time.Until(by))
	defer late.Stop()

	select {
	case read, kept := <-t.result:
		if kept {
			return read
		}
	case <-late.C:
		if read, kept := t.result.kept(); kept { // it came in the same instant, and wins
			return read
		}
	}
	return t.torn()
}

// torn is the result of a tap of which the reader says no more.
func (t *tap) torn() reader.Tap {
	torn := t.Tap
	torn.Reason, torn.Read = scan.ReasonTorn, time.Now()

	return torn
}

// A promise is a value that one goroutine gives and another waits for. It holds one value, so that
// to keep it never blocks.
type promise chan reader.Tap

func newPromise() promise { return make(promise, 1) }

// keep gives the value. It is called once, or again after the value was taken.
func (p promise) keep(read reader.Tap) { p <- read }

// kept takes the value if it is there.
func (p promise) kept() (read reader.Tap, kept bool) {
	select {
	case read, kept = <-p:
	default:
	}
	return read, kept
}

// abandon tells the one who waits that no value comes. A value that was given stays.
func (p promise) abandon() { close(p) }
