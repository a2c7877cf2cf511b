// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/tagbase/tagbase-edge/internal/lazyregexp"
	"github.com/tagbase/tagbase-edge/reader"
)

// What we assume of an NTAG 22x DNA or NTAG 21x, and of a PN532 that speaks to one.
const (
	type2Target  = "A Type 2 tag shows ATQA 0044, SAK 00, and a UID of 7 bytes that begins with 04."
	type2Version = "GET_VERSION names an NTAG: vendor 04, product 04, and major version 01, 04 or 05."
	selectTime   = "A list that finds the tag takes at most 40 ms (22 ms were recorded)."

	readTime = "READ of 16 bytes takes 3 to 15 ms (7 ms were recorded)."
	fast1    = "FAST_READ of 1 page gets 4 bytes."
	fast4    = "FAST_READ of 4 pages gets 16 bytes."
	fast15   = "FAST_READ of 15 pages gets 60 bytes: with their CRC they fill 62 of the PN532's 64 bytes."
	fast16   = "FAST_READ of 16 pages gets no answer: 64 bytes and their CRC are too many for the PN532."
	nakIdle  = "A tag that has refused a command answers the next list, without the field being off."

	sameRead   = "A second read in the same activation shows the same count."
	sameAgain  = "A read after a new activation, without the field being off, shows the same count."
	countPower = "After the field was off, the next read counts once."
)

const (
	selectLongest = 40.0
	readShortest  = 3.0
	readLongest   = 15.0
	timedReads    = 9
)

// Commands of NTAG 21x and 22x (NTAG213_215_216, 10).
const (
	cmdRead       = 0x30
	cmdFastRead   = 0x3A
	cmdGetVersion = 0x60

	ccPage      = 3    // the capability container; pages 0 to 2 hold the UID
	noPage      = 0xFF // no NTAG has it
	perFastRead = 15   // pages whose bytes the PN532's FIFO holds, with their CRC
)

func findType2Identity(x *examination) error {
	t, err := x.beginType2()
	if err != nil {
		return err
	}
	took := times{x.last}
	x.judge(type2Target, t.ATQA == [2]byte{0x00, 0x44} && len(t.UID) == 7 && t.UID[0] == 0x04,
		"ATQA %x, SAK %02x, UID of %d bytes that begins with %x", t.ATQA, t.SAK, len(t.UID), firstOf(t.UID))

	version, err := x.ask(8, cmdGetVersion)
	x.judge(type2Version, isNTAG(version), "%s", seenOf(err, inHex(version, 8)))

	// A tag that refused it is idle. The list is timed again, too.
	for range 2 {
		if _, err = x.beginType2(); err != nil {
			return err
		}
		took = append(took, x.last)
	}
	x.judge(selectTime, within(took.shortest(), 0, selectLongest), "%v", took)
	return x.stays()
}

// isNTAG takes the answer to GET_VERSION: 00, vendor, product, subtype, major and minor version, size, protocol.
func isNTAG(v []byte) bool {
	return len(v) == 8 && v[1] == 0x04 && v[2] == 0x04 && (v[4] == 0x01 || counts(v))
}

// counts reports whether a version is that of an NTAG 22x DNA, which always counts.
func counts(v []byte) bool { return len(v) == 8 && (v[4] == 0x04 || v[4] == 0x05) }

// inHex shows an answer that has the length of one without secrets.
func inHex(rx []byte, n int) string {
	if len(rx) != n {
		return fmt.Sprintf("%d bytes", len(rx))
	}
	return fmt.Sprintf("%x", rx)
}

func findType2Read(x *examination) error {
	if _, err := x.beginType2(); err != nil {
		return err
	}

	var took times
	for range timedReads {
		if _, err := x.askSecret(cmdRead, ccPage); err != nil {
			return err
		}
		took = append(took, x.last)
	}
	x.judge(readTime, within(took.shortest(), readShortest, readLongest), "%v", took)

	for _, length := range []struct {
		assumption string
		pages      int
	}{{fast1, 1}, {fast4, 4}, {fast15, perFastRead}} {
		got, err := x.fastRead(ccPage, length.pages)
		x.judgeLength(length.assumption, got, err, 4*length.pages)
		if err == nil {
			continue
		}

		// It may have refused the command, and be idle.
		if _, err := x.beginType2(); err != nil {
			return err
		}
	}

	// The tag gives its answer, and the PN532 does not take it.
	got, err := x.fastRead(ccPage, perFastRead+1)
	x.judge(fast16, err != nil, "%s", seenOf(err, fmt.Sprintf("%d bytes", len(got))))
	return x.refuse()
}

// refuse has the tag refuse a command, and looks for it at once.
func (x *examination) refuse() error {
	if _, err := x.beginType2(); err != nil {
		return err
	}
	if _, err := x.askSecret(cmdRead, noPage); err == nil {
		return errors.New("the tag has refused no command")
	}

	// What a look finds is the answer, whatever it is.
	_, err := x.look()
	x.judge(nakIdle, err == nil, "%s", seenOf(err, "it was found at once"))
	return nil
}

func (x *examination) fastRead(from, pages int) ([]byte, error) {
	return x.askSecret(cmdFastRead, byte(from), byte(from+pages-1))
}

func findType2Count(x *examination) error {
	if _, err := x.beginType2(); err != nil {
		return err
	}
	version, _ := x.ask(8, cmdGetVersion) // a tag that refuses it has none

	// A tag that does not know FAST_READ is read with READ.
	read := x.readFast
	_, err := read()
	if errors.Is(err, reader.ErrTagLost) {
		read = x.readSlowly
	} else if err != nil {
		return err
	}

	// The first of these reads is the first one after the field was off, whatever came before.
	if _, err := x.beginType2(); err != nil {
		return err
	}
	first, err := read()
	if err != nil {
		return err
	}

	second, err := read()
	if err != nil {
		return err
	}

	// A refused command is the way to a new activation that leaves the tag its power.
	again, againErr := x.readAgain(read)

	// The field goes off here.
	if _, err := x.beginType2(); err != nil {
		return err
	}
	fourth, err := read()
	if err != nil {
		return err
	}

	// An NTAG 21x without a mirror has one URL for ever. Only of a chip that must count is that a deviation.
	if bytes.Equal(first, fourth) && !counts(version) {
		return errors.New("the tag shows the same URL every time: it has no mirror of its counter")
	}
	x.judgeSame(sameRead, first, second, true)
	if againErr == nil {
		x.judgeSame(sameAgain, first, again, true)
	}
	more, shown := countStep(first, fourth)
	once := !bytes.Equal(first, fourth) && (!shown || more == 1)
	x.judge(countPower, once, "%s", urlSeen(first, fourth))
	return againErr
}

// readAgain reads after a new activation, for which the field was not off.
func (x *examination) readAgain(read func() ([]byte, error)) ([]byte, error) {
	if _, err := x.askSecret(cmdRead, noPage); err == nil {
		return nil, errors.New("the tag has refused no command")
	}
	if _, err := x.look(); err != nil {
		return nil, fmt.Errorf("after a refused command: %w", err)
	}
	return read()
}

// readFast reads 30 pages from the capability container on, in which a tap URL lies.
func (x *examination) readFast() (all []byte, err error) {
	for _, from := range []int{ccPage, ccPage + perFastRead} {
		got, err := x.fastRead(from, perFastRead)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return all, nil
}

// readSlowly reads as many pages, four at a time.
func (x *examination) readSlowly() (all []byte, err error) {
	for from := ccPage; from < ccPage+2*perFastRead; from += 4 {
		got, err := x.askSecret(cmdRead, byte(from))
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	return all, nil
}

// mirror is the ASCII mirror of an NTAG 21x or 22x: UID x counter, the counter in hexadecimal.
var mirror = lazyregexp.New(`[0-9A-F]{14}x([0-9A-F]{6})`)

// countStep returns by how much the second of two reads has counted, if both have their counter in clear.
func countStep(a, b []byte) (more int64, shown bool) {
	before, after := mirror().FindSubmatch(a), mirror().FindSubmatch(b)
	if before == nil || after == nil {
		return 0, false
	}
	from, _ := strconv.ParseInt(string(before[1]), 16, 32) // six digits of the pattern are a number
	to, _ := strconv.ParseInt(string(after[1]), 16, 32)
	return to - from, true
}
