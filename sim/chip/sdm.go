// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"crypto/aes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"
)

// piccDataTag says that the UID (bit 7) and the read counter (bit 6) follow, and that the UID has 7 bytes (bits 3 to
// 0).
const piccDataTag = 0xC7

// Proof424 returns what an NTAG 424 DNA writes into its URL on one read, in upper-case hex: the encrypted PICC data (e)
// and the MAC (c), as in NXP AN12196 with an empty MAC input. Of counter, the chip's SDMReadCtr, only the low 24 bits
// exist.
func Proof424(meta, file [16]byte, uid [7]byte, counter uint32) (e, c string) {
	var picc [16]byte
	picc[0] = piccDataTag
	copy(picc[1:8], uid[:])
	ctr := littleEndian24(counter)
	copy(picc[8:11], ctr[:])
	rand.Read(picc[11:]) // padding, new at each read

	// One block of CBC with a zero IV is the bare cipher.
	newAES(meta).Encrypt(picc[:], picc[:])

	mac := sdmMAC(file, uid, counter, nil)
	return upperHex(picc[:]), upperHex(mac[:])
}

// Open424 decrypts e and verifies c, in constant time.
func Open424(meta, file [16]byte, e, c string) (uid [7]byte, counter uint32, ok bool) {
	sealed, err := hex.DecodeString(e)
	if err != nil || len(sealed) != aes.BlockSize {
		return uid, 0, false
	}
	mac, err := hex.DecodeString(c)
	if err != nil {
		return uid, 0, false
	}

	var picc [16]byte
	newAES(meta).Decrypt(picc[:], sealed)
	copy(uid[:], picc[1:8])
	counter = uint32(picc[8]) | uint32(picc[9])<<8 | uint32(picc[10])<<16

	// Both checks run in any case, so that the time does not tell which of them failed.
	want := sdmMAC(file, uid, counter, nil)
	tagged := subtle.ConstantTimeByteEq(picc[0], piccDataTag)
	if tagged&subtle.ConstantTimeCompare(mac, want[:]) != 1 {
		return [7]byte{}, 0, false
	}
	return uid, counter, true
}

// Proof22x returns the ASCII mirror of an NTAG 22x DNA with UID, counter and CMAC:
//
//	UUUUUUUUUUUUUUxCCCCCCxMMMMMMMMMMMMMMMM
//
// The counter has its most significant byte first. That the session key is derived from SV2, as the 424's is, and that
// the MAC covers the ASCII text "UID x counter x", is our reading; neither has been confirmed with a chip.
func Proof22x(key [16]byte, uid [7]byte, counter uint32) string {
	head := fmt.Sprintf("%Xx%06Xx", uid[:], counter&0xFFFFFF)
	mac := sdmMAC(key, uid, counter, []byte(head))
	return head + upperHex(mac[:])
}

// Open22x takes a mirror apart and verifies its MAC, in constant time.
func Open22x(key [16]byte, mirror string) (uid [7]byte, counter uint32, ok bool) {
	// The MAC covers the two separators, so they need no check of their own.
	const headLen = 14 + 1 + 6 + 1
	if len(mirror) != headLen+16 {
		return uid, 0, false
	}

	id, err := hex.DecodeString(mirror[:14])
	if err != nil {
		return uid, 0, false
	}
	ctr, err := hex.DecodeString(mirror[15:21])
	if err != nil {
		return uid, 0, false
	}
	mac, err := hex.DecodeString(mirror[headLen:])
	if err != nil {
		return uid, 0, false
	}

	copy(uid[:], id)
	counter = uint32(ctr[0])<<16 | uint32(ctr[1])<<8 | uint32(ctr[2])
	want := sdmMAC(key, uid, counter, []byte(mirror[:headLen]))
	if subtle.ConstantTimeCompare(mac, want[:]) != 1 {
		return [7]byte{}, 0, false
	}
	return uid, counter, true
}

// sdmMAC derives the key KSesSDMFileReadMAC from SV2 = 3CC3 0001 0080 || UID || SDMReadCtr and returns the MAC over
// input, truncated to the bytes S14 || S12 || … || S0, where S15 is the first byte of the CMAC (NXP AN12196).
func sdmMAC(file [16]byte, uid [7]byte, counter uint32, input []byte) (mac [8]byte) {
	sv2 := []byte{0x3C, 0xC3, 0x00, 0x01, 0x00, 0x80}
	sv2 = append(sv2, uid[:]...)
	ctr := littleEndian24(counter)
	sv2 = append(sv2, ctr[:]...)

	full := cmac(cmac(file, sv2), input)
	for i := range mac {
		mac[i] = full[2*i+1]
	}
	return mac
}

func littleEndian24(n uint32) [3]byte {
	return [3]byte{byte(n), byte(n >> 8), byte(n >> 16)}
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
