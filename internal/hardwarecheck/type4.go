// SPDX-License-Identifier: Apache-2.0

package hardwarecheck

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tagbase/tagbase-edge/reader"
)

// What we assume of an NTAG 424 DNA, and of a PN532 that speaks to one.
const (
	type4Target = "An NTAG 424 DNA shows ATQA 0344 (0304 with a random UID), SAK 20 and ATS 7777710280."
	type4UID    = "Its UID has 7 bytes, begins with 04 and stays; or it is random: 4 bytes that begin with 08 or 80, " +
		"and others after the field was off."
	type4Version = "GetVersion says 04040230001105 (NTAG 424 DNA) or 04040830001105 (its TagTamper)."
	staysPresent = "A tag that lies still is present whenever the reader asks."

	type4Selects = "The NDEF application is selected by name with Le 00, and file E104 with P2 0C."
	read128      = "READ BINARY of 128 bytes gets them in one answer."
	read248      = "READ BINARY of 248 bytes gets them in one answer."
	read255      = "READ BINARY of 255 bytes gets them in one answer, which is an extended frame."
	read256      = "READ BINARY of 256 bytes (Le 00) gets them in one answer."

	countPieces = "A READ BINARY that goes on in the same file shows the same count."
	countAgain  = "After a SELECT in the same activation, the next READ BINARY counts again."
	countCycle  = "After the field was off, the next READ BINARY counts again."

	sdmTime  = "The READ BINARY that counts takes 6 to 18 ms longer than the same one again: the chip computes for 12."
	sdmLimit = "The READ BINARY that counts is answered within 125 ms, half of its time limit."
)

const (
	sdmShortest = 6.0
	sdmLongest  = 18.0
	sdmMost     = 125.0
	sdmReads    = 5
)

// NT4H2421Gx, 10.5.2: GetVersion, in three frames of which the third holds the UID and is not asked for.
var getVersion = []byte{0x90, 0x60, 0x00, 0x00, 0x00}

// versionSize is the size of its first frame, with the status 91AF.
const versionSize = 9

// versions424 are the first frames of GetVersion, with the status that says that another follows.
var versions424 = map[string]string{
	"\x04\x04\x02\x30\x00\x11\x05\x91\xAF": "NTAG 424 DNA",
	"\x04\x04\x08\x30\x00\x11\x05\x91\xAF": "NTAG 424 DNA TagTamper",
}

func findType4Identity(x *examination) error {
	t, err := x.beginType4()
	if err != nil {
		return err
	}
	x.judge(type4Target, is424(t), "ATQA %x, SAK %02x, ATS %x", t.ATQA, t.SAK, t.ATS)

	// A chip without this command answers with a status word.
	version, err := x.ask(versionSize, getVersion...)
	name, known := versions424[string(version)]
	if !known {
		name = "another chip: " + inHex(version, versionSize)
	}
	x.judge(type4Version, known, "%s", seenOf(err, name))

	again, err := x.beginType4()
	if err != nil {
		return err
	}
	x.judgeUID(t.UID, again.UID)
	return x.stays()
}

// is424 reports whether a tag shows itself as an NTAG 424 DNA (NT4H2421Gx, table 13).
func is424(t reader.Target) bool {
	atqa := [2]byte{0x03, 0x44}
	if len(t.UID) == 4 {
		atqa = [2]byte{0x03, 0x04}
	}
	return t.ATQA == atqa && t.SAK == 0x20 && bytes.Equal(t.ATS, []byte{0x77, 0x77, 0x71, 0x02, 0x80})
}

// judgeUID compares the UIDs of two activations, between which the field was off.
func (x *examination) judgeUID(first, second []byte) {
	stays := bytes.Equal(first, second)
	seen := "another one"
	if stays {
		seen = "the same one"
	}

	fixed := len(first) == 7 && first[0] == 0x04 && stays
	random := len(first) == 4 && (first[0] == 0x08 || first[0] == 0x80) && !stays
	x.judge(type4UID, fixed || random, "%d bytes, beginning with %x, and %s after the field was off",
		len(first), firstOf(first), seen)
}

// firstOf is what may be shown of a UID.
func firstOf(uid []byte) []byte { return uid[:min(len(uid), 1)] }

// selectApplication and selectFile are as the station sends them (NFC Forum T4T 2.0, 5.4).
var (
	selectApplication = []byte{0x00, 0xA4, 0x04, 0x00, 0x07, 0xD2, 0x76, 0x00, 0x00, 0x85, 0x01, 0x01, 0x00}
	selectFile        = []byte{0x00, 0xA4, 0x00, 0x0C, 0x02, 0xE1, 0x04}
)

// beginFile begins with an NTAG 424 DNA whose NDEF file is selected.
func (x *examination) beginFile() (reader.Target, error) {
	t, err := x.beginType4()
	if err == nil {
		_, err = x.apdu(selectApplication...)
	}
	if err == nil {
		_, err = x.apdu(selectFile...)
	}
	return t, err
}

// read reads n bytes of the selected file, 1 to 256.
func (x *examination) read(offset, n int) ([]byte, error) {
	return x.apdu(0x00, 0xB0, byte(offset>>8), byte(offset), byte(n))
}

func findType4Read(x *examination) error {
	_, err := x.beginFile()

	// A tag that is not there, or another one, says nothing about the commands.
	var wrong arrangementError
	if errors.As(err, &wrong) {
		return err
	}

	x.judge(type4Selects, err == nil, "%s", seenOf(err, "both are taken"))
	if err != nil {
		return errors.New("the file is not selected")
	}

	// Ascending: a reader that fails at a long answer has shown the shorter ones.
	for _, size := range []struct {
		assumption string
		bytes      int
	}{{read128, 128}, {read248, 248}, {read255, 255}, {read256, 256}} {
		got, err := x.read(0, size.bytes)
		x.judgeLength(size.assumption, got, err, size.bytes)
		if err != nil {
			return fmt.Errorf("not tried after the read of %d bytes failed", size.bytes)
		}
	}
	return nil
}

// longestRead is what one READ BINARY may ask for: libnfc's driver for the ACR122 breaks above it.
const longestRead = 0xF8

// readMessage reads the selected file's NLEN and message in one answer, as far as that holds them.
func (x *examination) readMessage() ([]byte, error) {
	got, err := x.read(0, longestRead)
	if err != nil {
		return nil, err
	}
	if len(got) < 2 || binary.BigEndian.Uint16(got) == 0 {
		return nil, errors.New("the tag's file holds no message; write a URL with SDM to it")
	}
	return got[:min(len(got), 2+int(binary.BigEndian.Uint16(got)))], nil
}

func findType4Count(x *examination) error {
	t, err := x.beginFile()
	if err != nil {
		return err
	}
	first, err := x.readMessage()
	if err != nil {
		return err
	}

	// The proof is the end of a URL, so that the second half shows another one.
	half := len(first) / 2
	piece, err := x.read(half, len(first)-half)
	if err != nil {
		return err
	}
	x.judgeSame(countPieces, first[half:], piece, true)

	// Any other command ends the chip's read session (NT4H2421Gx, 9.3.1).
	if _, err := x.apdu(selectFile...); err != nil {
		return err
	}
	second, err := x.readMessage()
	if err != nil {
		return err
	}

	// The field goes off here.
	if _, err := x.beginFile(); err != nil {
		return err
	}
	third, err := x.readMessage()
	if err != nil {
		return err
	}

	// A plain tag has one URL for ever. Only of a chip that must count is that a deviation.
	if bytes.Equal(first, third) && !is424(t) {
		return errors.New("the tag shows the same URL every time: it does not count, and is no NTAG 424 DNA")
	}
	x.judgeSame(countAgain, first, second, false)
	x.judgeSame(countCycle, second, third, false)
	return nil
}

// judgeSame compares two reads, which should be the same or should not.
func (x *examination) judgeSame(assumption string, a, b []byte, same bool) {
	x.judge(assumption, bytes.Equal(a, b) == same, "%s", urlSeen(a, b))
}

// urlSeen says how the second of two reads differs from the first.
func urlSeen(a, b []byte) string {
	if bytes.Equal(a, b) {
		return "the same URL"
	}
	if more, shown := countStep(a, b); shown {
		return fmt.Sprintf("another URL, its count %+d", more)
	}
	return "another URL"
}

func findType4Time(x *examination) error {
	t, err := x.beginFile()
	if err != nil {
		return err
	}
	if !is424(t) {
		return errors.New("this is no NTAG 424 DNA")
	}
	message, err := x.readMessage()
	if err != nil {
		return err
	}

	// The same bytes pass line and air twice; only the first time the chip counts.
	var counts, again times
	for range sdmReads {
		if _, err := x.apdu(selectFile...); err != nil {
			return err
		}

		if _, err := x.read(0, len(message)); err != nil {
			return err
		}
		counts = append(counts, x.last)

		if _, err := x.read(0, len(message)); err != nil {
			return err
		}
		again = append(again, x.last)
	}

	computes := counts.shortest() - again.shortest()
	x.judge(sdmTime, within(computes, sdmShortest, sdmLongest),
		"%.1f ms longer; %d bytes in %v, and again in %v", milliseconds(computes), len(message), counts, again)
	x.judge(sdmLimit, within(counts.shortest(), 0, sdmMost), "%v", counts)
	return nil
}
