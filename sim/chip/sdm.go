// SPDX-License-Identifier: Apache-2.0

package chip

import (
	"crypto/aes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
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

	mac := sdmMAC(file, uid, counter)
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
	want := sdmMAC(file, uid, counter)
	tagged := subtle.ConstantTimeByteEq(picc[0], piccDataTag)
	if tagged&subtle.ConstantTimeCompare(mac, want[:]) != 1 {
		return [7]byte{}, 0, false
	}
	return uid, counter, true
}

// sdmMAC derives the key KSesSDMFileReadMAC from SV2 = 3CC3 0001 0080 || UID || SDMReadCtr and returns the MAC over no
// input, truncated (NXP AN12196).
func sdmMAC(file [16]byte, uid [7]byte, counter uint32) [8]byte {
	sv2 := []byte{0x3C, 0xC3, 0x00, 0x01, 0x00, 0x80}
	sv2 = append(sv2, uid[:]...)
	ctr := littleEndian24(counter)
	sv2 = append(sv2, ctr[:]...)

	return truncated(cmac(cmac(file, sv2), nil))
}

func littleEndian24(n uint32) [3]byte {
	return [3]byte{byte(n), byte(n >> 8), byte(n >> 16)}
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
