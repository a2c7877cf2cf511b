// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Where the parts of an NTAG 22x DNA's mirror end, in characters. A separator x follows each part but the MAC.
const (
	mirrorUIDEnd     = 14
	mirrorCounterEnd = mirrorUIDEnd + 1 + 6
	mirrorStatusEnd  = mirrorCounterEnd + 1 + 10 // StatusDetect only
	mirrorMAC        = 1 + 16
)

// LoopStatus is what a StatusDetect chip says of the wire loop that it guards.
//
// The mirror shows the first byte as two letters whose ASCII codes end in its two hex digits: C (3) closed, O (F) open,
// I (9) invalid, the letters of an NTAG 424 DNA TagTamper. It shows the other four bytes as hex digits. All five are
// zero if the chip is set to show none of them.
type LoopStatus [5]byte

var (
	LoopClosed = LoopStatus{0x33}
	LoopOpen   = LoopStatus{0x3F} // "CO", as a real tag showed it: open now, without a record of an opening
)

var (
	loopLetters = strings.NewReplacer("3", "C", "F", "O", "9", "I")
	loopDigits  = strings.NewReplacer("C", "3", "O", "F", "I", "9")
)

// String returns the status as the mirror shows it, in ten characters.
func (s LoopStatus) String() string {
	text := upperHex(s[:])
	return loopLetters.Replace(text[:2]) + text[2:]
}

// Proof22x returns the ASCII mirror of an NTAG 22x DNA with UID, counter and SUN CMAC:
//
//	UUUUUUUUUUUUUUxCCCCCCxMMMMMMMMMMMMMMMM
//
// The counter has its most significant byte first; only its low 24 bits exist.
func Proof22x(key [16]byte, uid [7]byte, counter uint32) string {
	mac := sunMAC(key, uid, counter)
	return fmt.Sprintf("%Xx%06Xx%X", uid[:], counter&0xFFFFFF, mac[:])
}

// ProofStatusDetect returns the ASCII mirror of an NTAG 22x DNA StatusDetect, with the status of its loop, which is
// under the MAC too:
//
//	UUUUUUUUUUUUUUxCCCCCCxSSSSSSSSSSxMMMMMMMMMMMMMMMM
func ProofStatusDetect(key [16]byte, uid [7]byte, counter uint32, status LoopStatus) string {
	mac := sunMAC(key, uid, counter, status[:]...)
	return fmt.Sprintf("%Xx%06Xx%vx%X", uid[:], counter&0xFFFFFF, status, mac[:])
}

// Open22x takes a mirror apart, with or without a loop's status, and verifies its MAC, in constant time.
func Open22x(key [16]byte, mirror string) (uid [7]byte, counter uint32, ok bool) {
	withStatus := len(mirror) == mirrorStatusEnd+mirrorMAC
	if !withStatus && len(mirror) != mirrorCounterEnd+mirrorMAC {
		return uid, 0, false
	}

	id, err := hex.DecodeString(mirror[:mirrorUIDEnd])
	if err != nil {
		return uid, 0, false
	}
	ctr, err := hex.DecodeString(mirror[mirrorUIDEnd+1 : mirrorCounterEnd])
	if err != nil {
		return uid, 0, false
	}
	copy(uid[:], id)
	counter = uint32(ctr[0])<<16 | uint32(ctr[1])<<8 | uint32(ctr[2])

	want := Proof22x(key, uid, counter)
	if withStatus {
		status, err := parseLoopStatus(mirror[mirrorCounterEnd+1 : mirrorStatusEnd])
		if err != nil {
			return [7]byte{}, 0, false
		}
		want = ProofStatusDetect(key, uid, counter, status)
	}

	// The MAC covers neither the separators nor the case of the digits, so the whole text is compared.
	if subtle.ConstantTimeCompare([]byte(mirror), []byte(want)) != 1 {
		return [7]byte{}, 0, false
	}
	return uid, counter, true
}

// parseLoopStatus reads the ten characters of a status. It takes more than a chip shows, such as digits for letters.
func parseLoopStatus(text string) (status LoopStatus, err error) {
	_, err = hex.Decode(status[:], []byte(loopDigits.Replace(text[:2])+text[2:]))
	return status, err
}

// sunMAC is the SUN CMAC of an NTAG 22x DNA (NXP AN12998): under SUNCMAC_KEY itself, not a session key as in the
// 424 DNA, and over the binary UID, counter and status, not their ASCII mirror.
func sunMAC(key [16]byte, uid [7]byte, counter uint32, status ...byte) [8]byte {
	ctr := []byte{byte(counter >> 16), byte(counter >> 8), byte(counter)}
	return truncated(cmac(key, slices.Concat(uid[:], ctr, status)))
}
