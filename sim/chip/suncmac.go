// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
)

// Where the parts of an NTAG 22x DNA's mirror end, in characters. A separator x follows the UID and the counter.
const (
	mirrorUIDEnd     = 14
	mirrorCounterEnd = mirrorUIDEnd + 1 + 6
	mirrorLength     = mirrorCounterEnd + 1 + 16
)

// Proof22x returns the ASCII mirror of an NTAG 22x DNA with UID, counter and SUN CMAC:
//
//	UUUUUUUUUUUUUUxCCCCCCxMMMMMMMMMMMMMMMM
//
// The counter has its most significant byte first; only its low 24 bits exist.
func Proof22x(key [16]byte, uid [7]byte, counter uint32) string {
	mac := sunMAC(key, uid, counter)
	return fmt.Sprintf("%Xx%06Xx%X", uid[:], counter&0xFFFFFF, mac[:])
}

// Open22x takes a mirror apart and verifies its MAC, in constant time.
func Open22x(key [16]byte, mirror string) (uid [7]byte, counter uint32, ok bool) {
	if len(mirror) != mirrorLength {
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

	// The MAC covers neither the separators nor the case of the digits, so the whole text is compared.
	want := Proof22x(key, uid, counter)
	if subtle.ConstantTimeCompare([]byte(mirror), []byte(want)) != 1 {
		return [7]byte{}, 0, false
	}
	return uid, counter, true
}

// sunMAC is the SUN CMAC of an NTAG 22x DNA (NXP AN12998): under SUNCMAC_KEY itself, not a session key as in the
// 424 DNA, and over the binary UID and counter, not their ASCII mirror.
func sunMAC(key [16]byte, uid [7]byte, counter uint32) [8]byte {
	input := append(uid[:], byte(counter>>16), byte(counter>>8), byte(counter))
	return truncated(cmac(key, input))
}
